package ui

import (
	"strings"

	"fyne.io/fyne/v2"

	"roost/ui/kit"
	"roost/ui/lang"
)

// usualQuietHours are those that the switch begins with.
const usualQuietHours = "22:00-07:00"

// paceView is when things are saved, and how much of the computer and the network that may take.
func (s *settingsScreen) paceView() settingsView {
	settle := s.settingTabs("settle",
		meaning{value: "5s", label: lang.L("at once")}, meaning{value: "30s", label: lang.L("30 seconds")},
		meaning{value: "5m", label: lang.L("5 minutes")}, meaning{value: "30m", label: lang.L("30 minutes")})

	speed := func(key, label string) *kit.Field {
		return s.settingField(key, settingField{
			label: label, placeholder: lang.L("No limit"), hint: lang.L("Such as 500 kB or 2 MB, in a second."),
			wrong: lang.L("Type an amount, such as 500 kB or 2 MB, or nothing for no limit."), shown: sizeShown,
			meant: func(typed string) string { return sizeMeant(strings.TrimSuffix(typed, "/s")) },
		})
	}
	up, down := speed("limit-up", lang.L("Sending, at most")), speed("limit-down", lang.L("Fetching, at most"))
	budget := s.settingField("data-budget", settingField{
		label: lang.L("Data in a month, at most"), placeholder: lang.L("No limit"),
		hint:  lang.L("Such as 50 GB, to each storage. When it gets short, Roost becomes slower, and folders that may wait do."),
		wrong: lang.L("Type a size, such as 500 MB or 4 GB, or nothing for no limit."), shown: sizeShown, meant: sizeMeant,
	})
	return settingsView{
		title: lang.L("When and how fast"),
		body: []fyne.CanvasObject{
			card(lang.L("After a change"), lang.L("How long a file rests before it is saved. A folder that never rests is saved now and then anyway."), outdent(9, settle)),
			card(lang.L("Network"), "", kit.Columns(kit.Gap, []float32{1, 1}, up.Root, down.Root), budget.Root),
			card(lang.L("Quiet hours"), "", s.quietHours()),
			card(lang.L("On battery"), "", outdent(12, s.settingChoice("on-battery", careMeanings()...))),
			card(lang.L("On a network that is paid by use"), lang.L("Where the system says so, as with a phone's connection."),
				outdent(12, s.settingChoice("on-metered", careMeanings()...))),
		},
	}
}

func careMeanings() []meaning {
	return []meaning{
		{"normal", lang.L("As always"), ""},
		{"gentle", lang.L("Gently"), lang.L("Changes are saved every 10 minutes.")},
		{"wait", lang.L("Wait"), lang.L("Changes are saved when it is over.")},
	}
}

// quietHours switches them, and takes their begin and end.
func (s *settingsScreen) quietHours() fyne.CanvasObject {
	title, text := lang.L("Save nothing by itself at certain hours"), lang.L("\"Back up now\" still works.")
	sw := kit.NewSwitch(turned(title, text, false), func(on bool) {
		value := "none"
		if on {
			value = usualQuietHours
		}
		s.set("quiet-hours", value, nil)
	})
	wrong := lang.L("Type two different times, such as 22:00 and 7:00.")
	half := func(label string, pick func(from, to string) string, put func(from, to, typed string) string) *kit.Field {
		now := func() (from, to string) {
			from, to, _ = strings.Cut(s.value("quiet-hours"), "-")
			return from, to
		}
		return s.settingField("quiet-hours", settingField{
			label: label, placeholder: "22:00", wrong: wrong,
			shown: func(string) string { return pick(now()) },
			meant: func(typed string) string {
				from, to := now()
				return put(from, to, typed)
			},
		})
	}
	from := half(lang.L("From"), func(from, _ string) string { return from }, func(_, to, typed string) string { return typed + "-" + to })
	to := half(lang.L("Until"), func(_, to string) string { return to }, func(from, _, typed string) string { return from + "-" + typed })
	times := kit.Columns(kit.Gap, []float32{1, 1, 2}, from.Root, to.Root, kit.NewBox("", "", 0))
	s.bound = append(s.bound, func() {
		on := s.value("quiet-hours") != "none"
		sw.Set(turned(title, text, on))
		shown(times, on)
	})
	times.Hide()
	return kit.VBox(12, outdent(8, sw), times)
}

// paceWords say in a line what is out of the ordinary.
func (s *settingsScreen) paceWords() string {
	if len(s.values) == 0 {
		return ""
	}
	var said []string
	add := func(key, text string) {
		if x := s.values[key]; x.Value != x.Default {
			said = append(said, text)
		}
	}
	if hours := s.value("quiet-hours"); hours != "none" {
		said = append(said, lang.L("quiet {{.Hours}}", values{"Hours": strings.Replace(hours, "-", "–", 1)}))
	}
	for _, key := range []string{"limit-up", "limit-down"} {
		if x := s.value(key); x != "none" {
			said = append(said, lang.L("{{.Size}} a second at most", values{"Size": sizeShown(x)}))
			break
		}
	}
	if x := s.value("data-budget"); x != "none" {
		said = append(said, lang.L("{{.Size}} a month", values{"Size": sizeShown(x)}))
	}
	if s.value("on-battery") == "wait" {
		add("on-battery", lang.L("waits on battery"))
	}
	if len(said) == 0 {
		return lang.L("As changes come, without limits.")
	}
	return facts(said...)
}
