"""What is kept beside the loop: anchors, absences."""
