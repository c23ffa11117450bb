package code

// Letter is what a code carries from one device to another.
type Letter byte

// The letters, as kinds of codes.
const (
	Asking Letter = 3 // of a device that wants to be let into a backup
	Answer Letter = 4 // of one that lets it in
)

// Write writes a letter as one line.
func (l Letter) Write(body []byte) (string, error) { return write(byte(l), body) }

// Read reads the line of such a letter, as Parse reads a connection code. What is in it is not looked at.
// Errors: ErrNotCode, ErrTruncated, ErrMistyped, ErrNewer, and ErrOtherKind for a code of another kind.
func (l Letter) Read(text string) ([]byte, error) {
	kind, body, err := read(text)
	switch {
	case err != nil:
		return nil, err
	case kind == byte(l):
		return body, nil
	case kind > byte(Answer):
		return nil, ErrNewer
	}
	return nil, ErrOtherKind
}

// ReadFrom is Read of a text or of a picture that holds one. Errors: ErrNoPicture too.
func (l Letter) ReadFrom(given []byte) ([]byte, error) {
	text, err := Text(given)
	if err != nil {
		return nil, err
	}
	return l.Read(text)
}
