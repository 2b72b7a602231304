"""Descriptors of the document formats; the implementations are imported when a document is rendered."""

from governance.plugins import RendererDescriptor

HTML = RendererDescriptor(
    name="html",
    title="One self-contained page",
    implementation="governance.documents.html:render",
    extension="html",
)
MARKDOWN = RendererDescriptor(
    name="markdown",
    title="Markdown with tables",
    version=2,
    implementation="governance.documents.markdown:render",
    extension="md",
)
PDF = RendererDescriptor(
    name="pdf",
    title="A4 pages, tagged, with the data attached",
    version=2,
    implementation="governance.documents.pdf:RENDERER",
    extension="pdf",
)
PDF_LETTER = RendererDescriptor(
    name="pdf-letter",
    title="Letter pages, tagged, with the data attached",
    implementation="governance.documents.pdf:LETTER",
    extension="letter.pdf",
)
JSON = RendererDescriptor(
    name="json",
    title="The content as data",
    implementation="governance.documents.json:render",
    extension="json",
)
DOCX = RendererDescriptor(
    name="docx",
    title="A file for word processors",
    implementation="governance.documents.docx:RENDERER",
    extension="docx",
)
