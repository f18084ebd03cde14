"""The report that leaders and committees read: pages of HTML and a PDF, made of the served tables of one publication.
Not here: the evidence of one figure (trace/sheet.py), or when the report is made (papers.py, orchestration).
"""
