"""The payroll system's (lønns- og personalsystemets) full extracts: units, persons, positions, absence and leave."""
