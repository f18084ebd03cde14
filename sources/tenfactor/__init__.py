"""10-FAKTOR, Kommuneforlaget's employee survey: one workbook a round, with the sheets Deltakelse and Faktorer."""
