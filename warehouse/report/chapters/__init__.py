"""What the report says, a module a chapter: which figures stand in which tables and charts. The sentences are in templates/."""
