"""What the ground is made of and covered with: classes from maps, distances to mapped lines."""
