"""Side by side with what a user would pick instead, as ratios: one script a room, each run by hand."""
