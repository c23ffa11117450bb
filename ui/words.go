package ui

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"roost/assets"
	"roost/ui/kit"
	"roost/ui/lang"
)

// Texts are whole English sentences, which are the keys of the translations in assets. Where one English word
// has several translations, the key is a name of its own.

// values fill the {{.Names}} of a sentence.
type values map[string]any

// loadTranslations makes the language that was chosen the one of the window, or that of the system.
func loadTranslations() error { return lang.Use(cmp.Or(worn.Language, lang.System), legible) }

// legible tells whether this computer can draw a language.
var legible = func(tag string) bool { return tag != "ja" || kit.DrawsJapanese() }

// translated looks up what the engine wrote: as a whole, or else sentence by sentence. What nobody translated stays
// English, and what somebody typed is never read as a template, because it is no key.
func translated(english string) string {
	if sentences()[english] {
		return lang.L(english)
	}
	for end := len(english); ; {
		end = strings.LastIndex(english[:end], ". ")
		if end < 0 {
			return english
		}
		if first := english[:end+1]; sentences()[first] {
			return translated(first) + " " + translated(english[end+2:])
		}
	}
}

// sentences are the keys that there are translations of, in any language.
var sentences = sync.OnceValue(func() map[string]bool {
	known := make(map[string]bool)
	files, err := assets.Translations.ReadDir(assets.TranslationsDir)
	if err != nil {
		panic(err) // it is embedded
	}
	for _, file := range files {
		data, err := assets.Translations.ReadFile(assets.TranslationsDir + "/" + file.Name())
		if err != nil {
			panic(err)
		}
		var texts map[string]any
		if err := json.Unmarshal(data, &texts); err != nil {
			panic(err) // loadTranslations has read it
		}
		for english := range texts {
			known[english] = true
		}
	}
	return known
})

// sentence ends words that stand alone elsewhere as one is ended in the language.
func sentence(words string) string { return lang.X("sentence", "{{.Words}}.", values{"Words": words}) }

// number writes a count with the language's groups of three.
func number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	group := lang.X("number.group", ",")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + group + digits[i:]
	}
	return sign + digits
}

// size writes an amount of data: whole bytes below 1 kB, one decimal below 100, none above.
func size(bytes int64) string {
	if bytes < 1000 {
		return lang.N("{{.Number}} bytes", int(bytes), values{"Number": number(bytes)})
	}
	amount, unit := float64(bytes), ""
	for _, unit = range units() {
		if amount /= 1000; amount < 999.5 {
			break
		}
	}
	decimals := 1
	if amount >= 99.95 {
		decimals = 0
	}
	text := strconv.FormatFloat(amount, 'f', decimals, 64)
	return strings.Replace(text, ".", lang.X("number.point", "."), 1) + " " + unit
}

// englishUnits are those of the engine.
var englishUnits = []string{"kB", "MB", "GB", "TB", "PB", "EB"}

// units are a thousand bytes, a thousand of these, and so on.
func units() []string {
	return []string{
		lang.X("unit.kB", "kB"), lang.X("unit.MB", "MB"), lang.X("unit.GB", "GB"), lang.X("unit.TB", "TB"), lang.X("unit.PB", "PB"), lang.X("unit.EB", "EB"),
	}
}

// files counts files.
func files(n int64) string {
	return lang.N("{{.Number}} files", int(n), values{"Number": number(n)})
}

// clock is a time of day.
func clock(t time.Time) string { return t.Format("15:04") }

// day names a day within a sentence or at the end of a line: today by its time, then yesterday, the weekday, the date.
func day(t, now time.Time) string {
	switch days := daysBetween(t, now); {
	case days <= 0:
		return clock(t)
	case days == 1:
		return lang.L("Yesterday")
	case days < 7:
		return weekday(t)
	default:
		return date(t)
	}
}

// ago says how long ago something was, within a sentence about the last backup.
func ago(t, now time.Time) string {
	passed := now.Sub(t)
	switch days := daysBetween(t, now); {
	case passed < time.Minute:
		return lang.L("just now")
	case passed < time.Hour:
		minutes := int(passed / time.Minute)
		return lang.N("{{.Count}} minutes ago", minutes, values{"Count": minutes})
	case days <= 0, passed < 6*time.Hour:
		hours := int(passed / time.Hour)
		return lang.N("{{.Count}} hours ago", hours, values{"Count": hours})
	case days == 1:
		return lang.L("yesterday at {{.Time}}", values{"Time": clock(t)})
	default:
		return lang.N("{{.Count}} days ago", days, values{"Count": days})
	}
}

// left says how long something will still take, coarsely: an estimate that jumps is none.
func left(d time.Duration) string {
	switch {
	case d < time.Minute:
		return lang.L("less than a minute left")
	case d < time.Hour:
		minutes := int(d.Round(time.Minute) / time.Minute)
		return lang.N("about {{.Count}} minutes left", minutes, values{"Count": minutes})
	default:
		hours := int(d.Round(time.Hour) / time.Hour)
		return lang.N("about {{.Count}} hours left", hours, values{"Count": hours})
	}
}

// daysBetween counts midnights.
func daysBetween(t, now time.Time) int {
	midnight := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(midnight(now).Sub(midnight(t.In(now.Location()))) / (24 * time.Hour))
}

// longDate is a date with its weekday.
func longDate(t time.Time) string {
	return lang.X("date.long", "{{.Weekday}}, {{.Day}} {{.Month}}", values{"Weekday": weekday(t), "Day": t.Day(), "Month": month(t)})
}

// date is a short date.
func date(t time.Time) string {
	return lang.X("date.short", "{{.Day}} {{.Month}}", values{"Day": t.Day(), "Month": shortMonth(t)})
}

func weekday(t time.Time) string {
	return [...]string{
		lang.L("Sunday"), lang.L("Monday"), lang.L("Tuesday"), lang.L("Wednesday"), lang.L("Thursday"), lang.L("Friday"), lang.L("Saturday"),
	}[t.Weekday()]
}

func month(t time.Time) string {
	return [...]string{
		lang.X("month.1", "January"), lang.X("month.2", "February"), lang.X("month.3", "March"), lang.X("month.4", "April"),
		lang.X("month.5", "May"), lang.X("month.6", "June"), lang.X("month.7", "July"), lang.X("month.8", "August"),
		lang.X("month.9", "September"), lang.X("month.10", "October"), lang.X("month.11", "November"), lang.X("month.12", "December"),
	}[t.Month()-1]
}

func shortMonth(t time.Time) string {
	return [...]string{
		lang.X("month.short.1", "Jan"), lang.X("month.short.2", "Feb"), lang.X("month.short.3", "Mar"), lang.X("month.short.4", "Apr"),
		lang.X("month.short.5", "May"), lang.X("month.short.6", "Jun"), lang.X("month.short.7", "Jul"), lang.X("month.short.8", "Aug"),
		lang.X("month.short.9", "Sep"), lang.X("month.short.10", "Oct"), lang.X("month.short.11", "Nov"), lang.X("month.short.12", "Dec"),
	}[t.Month()-1]
}

// facts sets short phrases that each stand for themselves beside each other; empty ones are left out.
func facts(phrases ...string) string {
	var said []string
	for _, p := range phrases {
		if p != "" {
			said = append(said, p)
		}
	}
	return strings.Join(said, " · ")
}

// capital begins a phrase that stands for itself with a capital.
func capital(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:]
}
