"""What the author of a lesson needs: building, rules, the prose check, exercises, run sheets."""
