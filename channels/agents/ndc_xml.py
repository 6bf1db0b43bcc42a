"""Reading XML from outside: a small tree, and nothing that a document could ask of the reader.

Expat, the parser of the standard library, with the one door closed through which all the known
attacks come: a document type declaration. It is refused where it begins, before any entity in it is
declared; so nothing is expanded, fetched or included, whatever the document says. What is left is
size, and that is bounded: the body by the gateway, depth and number of elements here.

What is read is *used up*. Who has read all that it understands asks for the rest, and refuses it:
an element that was ignored would be an order that was not carried out.
"""

from xml.parsers import expat

import msgspec

# NDC's deepest element of those we know stands at 10; the largest message has some 100.
DEPTH_MAX = 24
ELEMENTS_MAX = 1_000


class XmlRefused(Exception):
    """The document is not read. `code` is a name for machines, `path` says where it stands."""

    def __init__(self, code: str, sentence: str, path: str = "/") -> None:
        super().__init__(sentence)
        self.code = code
        self.path = path


class Element(msgspec.Struct):
    """name is without its namespace; text is of the element itself, stripped."""

    name: str
    namespace: str
    attributes: dict[str, str]
    path: str
    text: str = ""
    children: list["Element"] = []

    def take(self, name: str) -> "Element | None":
        """The child of this name, used up; None if there is none. Raises XmlRefused for two."""
        found = self.take_all(name)
        if len(found) > 1:
            raise XmlRefused(
                "not_supported", f"{name} may stand once here.", f"{self.path}/{name}"
            )
        return found[0] if found else None

    def take_all(self, name: str) -> "list[Element]":
        found = [child for child in self.children if child.name == name]
        self.children = [child for child in self.children if child.name != name]
        return found

    def need(self, name: str) -> "Element":
        """Raises XmlRefused if it is not there."""
        child = self.take(name)
        if child is None:
            raise XmlRefused("missing", f"{name} is missing.", f"{self.path}/{name}")
        return child

    def value(self) -> str:
        """The text of an element that has nothing in it but text. Raises XmlRefused."""
        self.require_used_up()
        if not self.text:
            raise XmlRefused("missing", f"{self.name} is empty.", self.path)
        return self.text

    def require_used_up(self) -> None:
        """Nothing may be left that nobody has understood."""
        if self.children:
            rest = self.children[0]
            raise XmlRefused("not_supported", f"{rest.name} is not supported.", rest.path)


def read_xml(raw: bytes) -> Element:
    """The document's root. Raises XmlRefused."""
    reader = _Reader()
    # Only UTF-8: a document cannot name an encoding in which it reads as another.
    try:
        raw.decode()
    except UnicodeDecodeError:
        raise XmlRefused("malformed", "The message is not UTF-8.") from None
    parser = expat.ParserCreate(encoding="utf-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = reader.refuse_doctype
    parser.ProcessingInstructionHandler = reader.refuse_instruction
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        why = expat.ErrorString(error.code)
        raise XmlRefused(
            "malformed", f"The message is not XML: {why}, line {error.lineno}."
        ) from None
    assert reader.root is not None, "expat refuses a document without an element"
    return reader.root


class _Reader:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._elements = 0

    def refuse_doctype(self, *_: object) -> None:
        raise XmlRefused(
            "doctype_refused",
            "The message has a document type declaration. Entities are never read here.",
        )

    def refuse_instruction(self, *_: object) -> None:
        raise XmlRefused("not_supported", "Processing instructions are not supported.")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._open) >= DEPTH_MAX or self._elements > ELEMENTS_MAX:
            raise XmlRefused("too_large", "The message is nested too deeply, or too long.")
        namespace, _, local = name.rpartition(" ")
        above = self._open[-1].path if self._open else ""
        element = Element(local, namespace, attributes, f"{above}/{local}", children=[])
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, _name: str) -> None:
        closed = self._open.pop()
        closed.text = closed.text.strip()

    def text(self, data: str) -> None:
        self._open[-1].text += data
