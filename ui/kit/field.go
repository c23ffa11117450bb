package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Field is a line to type into, with its name above it, and a hint or what is wrong below.
type Field struct {
	Root    *fyne.Container
	OnTyped func(text string) // nil is allowed
	OnEnter func()            // nil is allowed
	OnLeft  func()            // the keyboard went elsewhere; nil is allowed

	entry *entry
	label *Text
	below *Paragraph
	hint  string
}

// NewField makes an empty field.
func NewField(label, placeholder, hint string) *Field {
	f := newField(label, hint, &entry{})
	f.entry.SetPlaceHolder(placeholder)
	return f
}

// NewTextField makes a field of several lines, lines of which are seen. Tab leaves it, as it leaves every other thing.
func NewTextField(label, hint string, lines int) *Field {
	e := &entry{}
	e.MultiLine, e.Wrapping = true, fyne.TextWrapOff
	e.SetMinRowsVisible(lines)
	return newField(label, hint, e)
}

// NewPasswordField makes a field with a button that shows what is typed, which the keyboard reaches, too; spoken is what that
// says to a screen reader.
func NewPasswordField(label, hint, spoken string) *Field {
	e := &entry{}
	e.Password = true
	e.ActionItem = NewButton(Quiet, "eye", "", func() {
		e.Password = !e.Password
		e.Refresh()
	}).Spoken(spoken)
	return newField(label, hint, e)
}

func newField(label, hint string, e *entry) *Field {
	f := &Field{entry: e, hint: hint, label: Small(label).Coloured(ColourText), below: NewParagraph(hint).Secondary().Small()}
	e.field = f
	e.ExtendBaseWidget(e)
	e.OnChanged = func(text string) {
		if f.OnTyped != nil {
			f.OnTyped(text)
		}
	}
	e.left = func() {
		if f.OnLeft != nil {
			f.OnLeft()
		}
	}
	e.OnSubmitted = func(string) {
		if f.OnEnter != nil {
			f.OnEnter()
		}
	}
	f.Root = VBox(5, f.label, e, f.below)
	show(f.below, hint != "")
	return f
}

// Text is what was typed.
func (f *Field) Text() string { return f.entry.Text }

// SetText replaces what was typed.
func (f *Field) SetText(text string) { f.entry.SetText(text) }

// SetError shows below the field what is wrong, or the hint again when text is empty.
func (f *Field) SetError(text string) { f.setBelow(text, ColourBad) }

func (f *Field) setBelow(text string, colour fyne.ThemeColorName) {
	if text == "" {
		text, colour = f.hint, ColourMuted
	}
	f.below.SetText(text)
	f.below.SetColour(colour)
	show(f.below, text != "")
	f.Root.Refresh()
}

// Focus gives the field the keyboard.
func (f *Field) Focus() { focus(f.entry) }

// SetEnabled lets a person type, or not.
func (f *Field) SetEnabled(enabled bool) {
	if enabled {
		f.entry.Enable()
	} else {
		f.entry.Disable()
	}
}

// entry is Fyne's, which closes dialogs with Esc and says its name.
type entry struct {
	widget.Entry
	field *Field
	keys  func(*fyne.KeyEvent) (done bool) // looks at a key first; nil is allowed
	left  func()                           // the focus went elsewhere; nil is allowed
}

// TypedKey implements [fyne.Focusable].
func (e *entry) TypedKey(key *fyne.KeyEvent) {
	switch {
	case e.keys != nil && e.keys(key):
	case key.Name == fyne.KeyEscape:
		closeDialogOver(e)
	default:
		e.Entry.TypedKey(key)
	}
}

// FocusGained implements [fyne.Focusable].
func (e *entry) FocusGained() {
	e.Entry.FocusGained()
	reveal(e)
}

// FocusLost implements [fyne.Focusable].
func (e *entry) FocusLost() {
	e.Entry.FocusLost()
	if e.left != nil {
		e.left()
	}
}

// AcceptsTab implements [fyne.Tabbable]: nobody who uses the keyboard alone is caught in a field.
func (e *entry) AcceptsTab() bool { return false }

// AccessibilityLabel implements [fyne.Accessible].
func (e *entry) AccessibilityLabel() string {
	said := e.field.label.text
	if e.field.below.Visible() {
		said += ". " + e.field.below.text
	}
	return said
}

// AccessibilityRole implements [fyne.Accessible].
func (e *entry) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }
