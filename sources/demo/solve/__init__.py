"""Makes the drawn municipality give the figures that documents print about the real one, subject by subject.
Each module says which figures it holds to and how; drawing is done before it, exporting after it.
"""
