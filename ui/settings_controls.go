package ui

import (
	"regexp"
	"slices"
	"strings"

	"fyne.io/fyne/v2"

	"roost/ui/kit"
	"roost/ui/lang"
)

// What follows shows one of the engine's settings, and changes it at once.

// turned is a switch with what it says to a screen reader.
func turned(title, detail string, on bool) kit.SwitchData {
	d := kit.SwitchData{Title: title, Detail: detail, On: on}
	d.Spoken = lang.L("{{.Name}}, off", values{"Name": title})
	if on {
		d.Spoken = lang.L("{{.Name}}, on", values{"Name": title})
	}
	return d
}

// settingSwitch turns a setting that is on or off.
func (s *settingsScreen) settingSwitch(key, title, detail string) *kit.Switch {
	sw := kit.NewSwitch(turned(title, detail, false), func(on bool) {
		value := "off"
		if on {
			value = "on"
		}
		s.set(key, value, nil)
	})
	s.bound = append(s.bound, func() { sw.Set(turned(title, sw.Data().Detail, s.value(key) == "on")) })
	return sw
}

// meaning is a value of a setting, and how a person calls it.
type meaning struct {
	value  string
	label  string
	detail string // "" for none
}

// settingChoice chooses one of a few values below each other. A value that is none of them is one more.
func (s *settingsScreen) settingChoice(key string, all ...meaning) fyne.CanvasObject {
	return s.choose(key, all, func(all []meaning) *kit.Choice {
		options := make([]kit.Alternative, len(all))
		for i, m := range all {
			options[i] = kit.Alternative{Label: m.label, Detail: m.detail}
		}
		return kit.NewChoice(options...)
	})
}

// settingTabs is settingChoice with the values beside each other.
func (s *settingsScreen) settingTabs(key string, all ...meaning) fyne.CanvasObject {
	return s.choose(key, all, func(all []meaning) *kit.Choice {
		labels := make([]string, len(all))
		for i, m := range all {
			labels[i] = m.label
		}
		return kit.NewTabs(labels...)
	})
}

func (s *settingsScreen) choose(key string, all []meaning, show func([]meaning) *kit.Choice) fyne.CanvasObject {
	place := kit.VBox(0)
	var drawn []meaning
	var choice *kit.Choice
	make := func(now []meaning) {
		drawn, choice = now, show(now)
		choice.OnChanged = func(i int) { s.set(key, now[i].value, nil) }
		place.Objects = []fyne.CanvasObject{choice.Root}
		place.Refresh()
	}
	at := func(value string) int {
		for i, m := range drawn {
			if m.value == value {
				return i
			}
		}
		return -1
	}
	make(all)
	s.bound = append(s.bound, func() {
		value := s.value(key)
		if at(value) < 0 && value != "" { // "" was not told yet
			make(append(all[:len(all):len(all)], meaning{value: value, label: value}))
		}
		choice.Choose(at(value))
	})
	return place
}

// settingField is a line to type a setting into, which takes it with Enter or when the keyboard goes elsewhere.
type settingField struct {
	label, placeholder, hint string
	wrong                    string                    // what to say of a value that is none
	shown                    func(value string) string // nil: as it is
	meant                    func(typed string) string // nil: as it is
}

func (s *settingsScreen) settingField(key string, d settingField) *kit.Field {
	f := kit.NewField(d.label, d.placeholder, d.hint)
	last := ""        // as shown
	typed := false    // by a person, since it was shown
	refused := "\x00" // what was typed when it was refused
	take := func() {
		text := f.Text()
		if !typed || text == last || text == refused {
			return
		}
		value := strings.TrimSpace(text)
		if d.meant != nil {
			value = d.meant(value)
		}
		s.set(key, value, func(err error) {
			switch {
			case err == nil:
				typed, refused = false, "\x00"
				f.SetError("")
			case problemOf(err).Code == "usage":
				refused = text
				f.SetError(d.wrong)
			default:
				s.w.Tell(err)
			}
			s.refresh()
		})
	}
	f.OnTyped = func(string) { typed = f.Text() != last }
	f.OnEnter, f.OnLeft = take, take
	s.bound = append(s.bound, func() {
		if typed {
			return // what a person writes is not taken away from them
		}
		if last = s.value(key); d.shown != nil {
			last = d.shown(last)
		}
		if f.Text() != last {
			f.SetText(last)
		}
	})
	return f
}

var writtenSize = regexp.MustCompile(`^([0-9.]+)([A-Za-z]+)$`)

// sizeShown writes the size of a setting as the language has it; none is nothing.
func sizeShown(value string) string {
	if value == "none" {
		return ""
	}
	m := writtenSize.FindStringSubmatch(value)
	if m == nil {
		return value
	}
	unit := m[2]
	if i := slices.Index(englishUnits, unit); i >= 0 {
		unit = units()[i]
	}
	return strings.Replace(m[1], ".", lang.X("number.point", "."), 1) + " " + unit
}

// sizeMeant reads what a person wrote as a size.
func sizeMeant(typed string) string {
	if typed == "" {
		return "none"
	}
	return engineSize(typed)
}

// engineSize is an amount that a person wrote in the language of the window, as the engine reads it.
func engineSize(typed string) string {
	for i, unit := range units() {
		if from := len(typed) - len(unit); from > 0 && strings.EqualFold(typed[from:], unit) {
			typed = typed[:from] + englishUnits[i]
		}
	}
	return strings.Replace(typed, ",", ".", 1)
}

// card is a part of a page: its name, and what it holds.
func card(title, text string, objects ...fyne.CanvasObject) *fyne.Container {
	box := kit.VBox(12)
	if title != "" {
		head := kit.VBox(4, kit.Heading(title).Clipped())
		if text != "" {
			head.Add(kit.NewParagraph(text).Secondary())
		}
		box.Add(head)
	}
	for _, o := range objects {
		box.Add(o)
	}
	return kit.Card(box)
}

// outdent lets controls that have room for their focus ring line up with the text above them.
func outdent(x float32, o fyne.CanvasObject) fyne.CanvasObject { return kit.PadEach(-4, -4, -x, -x, o) }

// answer is a question that comes up here, and what is so.
func answer(question, text string) fyne.CanvasObject {
	return kit.VBox(2, kit.NewParagraph(question), kit.NewParagraph(text).Secondary())
}
