"""A bench for card readers without hardware: readers of ours in a real pcscd, cards of ours."""
