"""What the author of a lesson needs: building, the rules, the prose check, exercises, run sheets."""
