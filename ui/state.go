package ui

import (
	"time"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// headline says how everything is, for the status card and the tray. It is a pure function of Now.
type headline struct {
	title  string
	detail string
	glyph  string   // in the window
	tray   string   // sign in the tray, one of assets.TrayStates
	tone   kit.Tone // colour beside the shape
	busy   bool     // part tells how much is done
	part   float64  // 0 to 1
}

func headlineOf(now Now) headline {
	switch now.State {
	case syncer.StateSafe:
		return headline{
			title: lang.L("Everything is safe"), detail: lastBackup(now), glyph: "shield-check", tray: "safe", tone: kit.Good,
		}
	case syncer.StateSaving:
		h := headline{title: lang.L("Saving your changes"), glyph: "shield-up", tray: "saving", tone: kit.Accent}
		h.detail, h.part, h.busy = progressWords(sum(now.Folders), now.At)
		return h
	case syncer.StateWaiting:
		return headline{
			title: lang.L("Waiting for your storage"), detail: waitingWords(now), glyph: "shield-wait", tray: "waiting", tone: kit.Warn,
		}
	case syncer.StatePaused:
		return headline{title: pausedWords(now), detail: lastBackup(now), glyph: "shield-pause", tray: "paused", tone: kit.Idle}
	case syncer.StateNeedsYou:
		return headline{
			title: lang.L("Roost needs you"), detail: needsYouWords(now), glyph: "warning", tray: "needs-you", tone: kit.Warn,
		}
	case syncer.StateUnprotected:
		return unprotectedHeadline(now)
	default:
		return headline{
			title: lang.L("One moment"), detail: lang.L("Roost is looking how things are."), glyph: "shield-wait", tray: "waiting", tone: kit.Idle,
		}
	}
}

func unprotectedHeadline(now Now) headline {
	h := headline{title: lang.L("Not protected yet"), glyph: "shield-off", tray: "not-protected", tone: kit.Bad}
	since := unsafeSince(now)
	switch {
	case len(now.Folders) == 0:
		h.detail, h.tone = lang.L("Choose the folders that must not be lost."), kit.Idle
	case since.IsZero(), daysBetween(since, now.At) < 1:
		h.detail = lang.L("The first backup is not finished. Until then, keep your own copies.")
	default:
		days := daysBetween(since, now.At)
		h.title = lang.N("Not protected for {{.Count}} days", days, values{"Count": days})
		h.detail = lang.L("Some of your folders have no complete backup.")
	}
	return h
}

// unsafeSince is the first moment from which on something is not protected; zero: not known, or nothing was ever saved.
func unsafeSince(now Now) (first time.Time) {
	earlier := func(t time.Time) {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	for _, f := range now.Folders {
		if f.State == syncer.StateUnprotected {
			earlier(f.Changed)
		}
	}
	for _, s := range now.Storages {
		if s.State != syncer.StateSafe {
			earlier(s.Confirmed)
		}
	}
	return first
}

// lastBackup is what is known of the newest complete state.
func lastBackup(now Now) string {
	newest, count := newestBackup(now.Folders)
	if newest.IsZero() {
		return lang.L("Nothing is saved yet.")
	}
	said := []string{lang.L("Last backup {{.Ago}}", values{"Ago": ago(newest, now.At)}), files(count), lang.L("encrypted on this computer")}
	if held, wanted := copiesOf(now); wanted > 1 {
		said = append(said, copiesWords(held, wanted))
	}
	return facts(said...)
}

func newestBackup(folders []syncer.FolderStatus) (newest time.Time, count int64) {
	for _, f := range folders {
		count += f.Files
		if f.Time.After(newest) {
			newest = f.Time
		}
	}
	return newest, count
}

func waitingWords(now Now) string {
	newest, _ := newestBackup(now.Folders)
	if newest.IsZero() {
		return lang.L("We'll keep trying. Nothing is saved yet.")
	}
	if held, wanted := copiesOf(now); held < wanted && held > 0 {
		return facts(copiesWords(held, wanted), lang.L("Last backup {{.Ago}}", values{"Ago": ago(newest, now.At)}))
	}
	return lang.L("We'll keep trying. Last saved {{.Ago}}; saved files are safe.", values{"Ago": ago(newest, now.At)})
}

func pausedWords(now Now) string {
	until := now.PausedUntil
	switch days := daysBetween(now.At, until); {
	case until.IsZero(), until.Year() >= 9999: // until a person resumes
		return lang.L("Paused")
	case days < 1:
		return lang.L("Paused until {{.Time}}", values{"Time": clock(until)})
	case days == 1:
		return lang.L("Paused until tomorrow, {{.Time}}", values{"Time": clock(until)})
	default:
		return lang.L("Paused until {{.Date}}", values{"Date": date(until)})
	}
}

func needsYouWords(now Now) string {
	n := 0
	for _, p := range now.Problems {
		if p.Severity == severityNeedsYou {
			n++
		}
	}
	return lang.N("There are {{.Count}} things that only you can do.", n, values{"Count": n})
}

// sum adds up what is under way in the folders that are being saved.
func sum(folders []syncer.FolderStatus) (total syncer.Progress) {
	known := true
	for _, f := range folders {
		p := f.Progress
		if f.State != syncer.StateSaving || p == nil {
			continue
		}
		total.Files += p.Files
		total.Bytes += p.Bytes
		total.TotalFiles += p.TotalFiles
		total.TotalBytes += p.TotalBytes
		known = known && p.TotalBytes > 0
		if total.Started.IsZero() || p.Started.Before(total.Started) {
			total.Started = p.Started
		}
	}
	if !known { // part of a whole that is not known yet is no part
		total.TotalFiles, total.TotalBytes = 0, 0
	}
	return total
}

// patience is how long a piece of work has run before its speed tells how long it will take.
const patience = 15 * time.Second

// progressWords says how far a piece of work is. While it still looks there is neither a whole nor an end.
func progressWords(p syncer.Progress, now time.Time) (words string, part float64, known bool) {
	if p.TotalBytes <= 0 {
		if p.Files == 0 {
			return lang.L("Looking for changes"), 0, false
		}
		return facts(lang.L("Looking for changes"), files(p.Files)), 0, false
	}
	part = min(float64(p.Bytes)/float64(p.TotalBytes), 1)
	words = lang.L("{{.Done}} of {{.All}}", values{"Done": size(p.Bytes), "All": size(p.TotalBytes)})
	if p.TotalFiles > 0 {
		words = facts(lang.N("{{.Done}} of {{.Number}} files", int(p.TotalFiles), values{
			"Done": number(min(p.Files, p.TotalFiles)), "Number": number(p.TotalFiles),
		}), words)
	}
	return facts(words, remaining(p, now)), part, true
}

func remaining(p syncer.Progress, now time.Time) string {
	spent := now.Sub(p.Started)
	if p.Started.IsZero() || spent < patience || p.Bytes <= 0 || p.TotalBytes <= p.Bytes {
		return ""
	}
	return left(time.Duration(float64(spent) / float64(p.Bytes) * float64(p.TotalBytes-p.Bytes)))
}
