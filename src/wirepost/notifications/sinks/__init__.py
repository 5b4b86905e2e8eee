"""Ways on which events leave the server, one module each."""
