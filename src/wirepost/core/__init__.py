"""Words all parts share; no input or output."""
