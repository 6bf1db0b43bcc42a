"""How a full-screen till looks: three verdicts told apart by word and colour, and little else."""

STYLE = """
Screen { background: $background; }
#top { height: 3; padding: 1 2 0 2; background: $panel; }
#whose { width: 1fr; text-style: bold; }
#light { width: auto; color: $text-muted; }
#light.live { color: $success; }
#light.lost { color: $error; text-style: bold; }
#middle { height: 1fr; }
#stages { width: 2fr; padding: 1 3; }
#side { width: 1fr; min-width: 36; padding: 1 2; border-left: solid $panel; }
#stages > * { height: 1fr; }
.label { text-style: bold; color: $text-muted; margin-bottom: 1; }
.hint { color: $text-muted; margin-top: 1; }
#says, #refused { color: $warning; margin-top: 1; text-style: bold; }
#typed, #scanned { width: 100%; }
#amount { width: auto; color: $accent; }
#currency { color: $text-muted; margin-bottom: 1; }
#waiting .word { text-style: bold; color: $warning; margin: 1 0; }
#told { color: $text; }
#word { padding: 1 2; text-style: bold; width: 100%; }
#why { padding: 1 2; }
#receipt, #slip { padding: 1 2; width: 44; }
#slip { width: auto; }
#code { width: auto; margin: 0 2; background: white; color: black; }
.yes #word { background: #0c6b45; color: white; }
.no #word { background: #b1271b; color: white; }
.unsure #word { background: #f5c23b; color: black; }
#totals { margin-bottom: 1; color: $accent; }
#lately { color: $text; }
"""
