package ui

import (
	"path"
	"path/filepath"
	"strings"
	"time"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// moment names a version by when it was made: "Tuesday 14:02"; the zero time is none.
func moment(t, now time.Time) string {
	t = t.In(now.Location())
	at := values{"Time": clock(t)}
	switch days := daysBetween(t, now); {
	case t.IsZero():
		return lang.L("none yet")
	case days <= 0:
		return lang.L("Today {{.Time}}", at)
	case days == 1:
		return lang.L("Yesterday {{.Time}}", at)
	case days < 7:
		at["Day"] = weekday(t)
		return lang.X("moment.day", "{{.Day}} {{.Time}}", at)
	case t.Year() == now.Year():
		at["Date"] = date(t)
		return lang.X("moment.date", "{{.Date}}, {{.Time}}", at)
	default:
		at["Date"], at["Year"] = date(t), t.Year()
		return lang.X("moment.year", "{{.Date}} {{.Year}}, {{.Time}}", at)
	}
}

// dayOf is a day in a list of files: like day, and with its year when that is another one.
func dayOf(t, now time.Time) string {
	if t = t.In(now.Location()); t.Year() == now.Year() || daysBetween(t, now) < 7 {
		return day(t, now)
	}
	return lang.X("day.year", "{{.Date}} {{.Year}}", values{"Date": date(t), "Year": t.Year()})
}

// baseName is the last name of a folder's path, which may come from another system.
func baseName(folder string) string {
	if strings.Contains(folder, `\`) && !strings.Contains(folder, "/") {
		folder = strings.ReplaceAll(folder, `\`, "/")
	}
	if name := path.Base(filepath.ToSlash(folder)); name != "/" && name != "." {
		return kit.Shown(name)
	}
	return kit.Shown(folder)
}

// fileGlyph is the sign of a file by its name.
func fileGlyph(x syncer.Item) (glyph string, tone kit.Tone) {
	switch {
	case x.IsFolder():
		return "folder", kit.Accent
	case x.IsLink():
		return "link", kit.Idle
	}
	return glyphOf(x.Path), kit.Idle
}

func glyphOf(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic", ".tif", ".tiff", ".bmp", ".svg", ".raw", ".cr2", ".nef", ".dng":
		return "image"
	case ".mp3", ".flac", ".ogg", ".opus", ".m4a", ".wav", ".aac":
		return "music"
	case ".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v":
		return "film"
	case ".pdf", ".doc", ".docx", ".odt", ".rtf", ".txt", ".md", ".xls", ".xlsx", ".ods", ".csv", ".ppt", ".pptx", ".odp", ".tex":
		return "document"
	case ".zip", ".gz", ".xz", ".zst", ".7z", ".tar", ".rar", ".bz2", ".iso":
		return "archive"
	case ".go", ".c", ".h", ".cpp", ".rs", ".py", ".js", ".ts", ".java", ".html", ".css", ".json", ".xml", ".sh", ".sql":
		return "code"
	default:
		return "file"
	}
}

// growth is how much larger one size is than another, with its sign.
func growth(before, after int64) string {
	switch {
	case after > before:
		return "+" + size(after-before)
	case after < before:
		return "−" + size(before-after)
	default:
		return ""
	}
}
