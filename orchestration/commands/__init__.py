"""The commands of `arsverk`, a module each, with the function `command`; cli.py imports the one that is asked for.
Not here: the work itself. What takes time to import is imported inside the functions, so that each --help is quick.
"""
