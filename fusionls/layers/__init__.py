"""ONE PHYSICAL QUANTITY PER FUNCTION: array in, array out. Imports neither torch nor mm*."""
