"""Text set in type: the typeface of each script, the glyphs of a line and where they stand, titles in lines."""
