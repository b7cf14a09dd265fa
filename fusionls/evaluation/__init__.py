"""How good a map is: ``functional`` counts in plain numpy, ``metrics`` hand it to mmengine."""
