package ui

import (
	"slices"
	"strings"
	"time"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// keepPresetWords is what a person reads of rules that have a name.
func keepPresetWords(p syncer.KeepPreset) (label, detail string) {
	switch p.Name {
	case "everything":
		return lang.L("Every version"), lang.L("None leaves the list by itself.")
	case "years":
		return lang.L("Ten years"), lang.L("Every day for a month, every week for a year, every month for ten years.")
	case "year":
		return lang.L("A year"), lang.L("Every day for a month, every month for a year.")
	case "month":
		return lang.L("A month"), lang.L("Every day for a month.")
	default:
		return p.Name, p.About
	}
}

// rulesWords says which versions rules keep, in a line.
func rulesWords(r syncer.KeepRules) string {
	presets := syncer.KeepPresets()
	if i := slices.IndexFunc(presets, func(p syncer.KeepPreset) bool { return p.Rules == r }); i >= 0 {
		label, _ := keepPresetWords(presets[i])
		return label
	}
	var parts []string
	add := func(text string, n int) {
		if n > 0 {
			parts = append(parts, text)
		}
	}
	n := func(n int) values { return values{"Number": number(int64(n))} }
	add(lang.N("{{.Number}} hours", r.Hourly, n(r.Hourly)), r.Hourly)
	add(lang.N("{{.Number}} days", r.Daily, n(r.Daily)), r.Daily)
	add(lang.N("{{.Number}} weeks", r.Weekly, n(r.Weekly)), r.Weekly)
	add(lang.N("{{.Number}} months", r.Monthly, n(r.Monthly)), r.Monthly)
	add(lang.N("{{.Number}} years", r.Yearly, n(r.Yearly)), r.Yearly)
	return facts(parts...)
}

// goesWords says what would go by rules that are only tried. With before, versions that were removed earlier free space by
// that day too; nil is that the storage could not be asked.
func goesWords(p *syncer.Pruned, before bool, now time.Time) string {
	if p == nil {
		return lang.L("Your storage can't be reached, so it is not known what would go.")
	}
	said := []string{lang.L("No version would leave the list.")}
	if n := len(p.Versions); n > 0 {
		said[0] = lang.N("{{.Number}} versions would leave the list.", n, values{"Number": number(int64(n))})
		if p.Freed > 0 {
			said = append(said, lang.L("About {{.Size}} come free at once.", values{"Size": size(p.Freed)}))
		}
		if p.FreedLater > 0 {
			at := values{"Size": size(p.FreedLater), "Date": longAhead(p.LaterBy, now)}
			if before {
				said = append(said, lang.L("With what was removed before, about {{.Size}} come free by {{.Date}}.", at))
			} else {
				said = append(said, lang.L("About {{.Size}} come free by {{.Date}}.", at))
			}
			said = append(said, lang.L("Until then they can be brought back."))
		}
	}
	if p.Over > 0 {
		said = append(said, overWords(p))
	}
	return strings.Join(said, " ")
}

func overWords(p *syncer.Pruned) string {
	return lang.L("Even the newest versions alone take {{.Size}} more than that.", values{"Size": size(p.Over)})
}

// longAhead is a day to come, with its year where that is another one.
func longAhead(t, now time.Time) string {
	t = t.In(now.Location())
	at := values{"Day": t.Day(), "Month": month(t), "Year": t.Year()}
	if t.Year() == now.Year() {
		return lang.X("date.day", "{{.Day}} {{.Month}}", at)
	}
	return lang.X("date.day.year", "{{.Day}} {{.Month}} {{.Year}}", at)
}

// typedSize reads an amount as a person writes it in the language of the window.
func typedSize(text string) (bytes int64, ok bool) {
	bytes, err := syncer.ParseSize(engineSize(strings.TrimSpace(text)))
	return bytes, err == nil && bytes > 0
}

// removedName is what a removed version is called in the list: its folder, or what was forgotten in it.
func removedName(x syncer.RemovedVersion) string {
	if x.Forgotten != "" {
		return facts(baseName(x.Forgotten), kit.Shown(lang.L("forgotten in {{.Name}}", values{"Name": baseName(string(x.Path))})))
	}
	return baseName(string(x.Path))
}
