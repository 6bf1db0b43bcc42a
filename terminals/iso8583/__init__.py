"""ISO 8583 as tills speak it: frames, messages, message codes, and a till of ours."""
