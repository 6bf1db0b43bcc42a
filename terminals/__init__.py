"""Floor 1, devices in front of people: payment codes, QR images, scanners and the till."""
