"""Charts as inline SVG. A chart draws what the content model holds and computes nothing but positions.

Colours are presentation attributes of the light theme, which the PDF uses; classes let the page's style replace them in
dark mode. Every chart has ``role="img"``, a title that says the finding and a description.
"""
