package ui

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// rulesEditor changes what is left out of one folder: the file .roostignore in it. What the rules would do is counted while
// they are typed, and nothing is changed before they are saved.
type rulesEditor struct {
	s      *settingsScreen
	path   string
	root   fyne.CanvasObject
	field  *kit.Field
	save   *kit.Button
	sum    *kit.Paragraph
	faults *kit.Paragraph
	saved  string // as they are in the folder
	known  bool   // saved is
	trying question
}

func (s *settingsScreen) newRulesEditor(path string) *rulesEditor {
	r := &rulesEditor{s: s, path: path, trying: question{w: s.w}}
	r.field = kit.NewTextField(lang.L("Rules of this folder"),
		lang.L("One a line. *.tmp is every file with this ending, Downloads/ a folder of this name, !important.tmp one that is kept all the same."), 5)
	r.sum = kit.NewParagraph(lang.L("Counting what is left out")).Secondary()
	r.faults = kit.NewParagraph("")
	r.faults.SetColour(kit.ColourWarn)
	r.faults.Hide()
	r.save = kit.NewButton(kit.Secondary, "", lang.L("Save the rules"), r.write)
	r.save.Disable()
	r.field.SetEnabled(false)
	r.field.OnTyped = func(string) { r.typed() }
	r.root = card(lang.L("What is left out of it"), lang.L("Files that are left out from now on stay in the versions that have them."),
		r.field.Root, r.faults, kit.Between(r.sum, r.save))
	r.read()
	return r
}

// read shows the rules as they are in the folder.
func (r *rulesEditor) read() {
	var text string
	r.s.w.do(func(ctx context.Context) (err error) {
		text, err = r.s.w.engine.Rules(ctx, r.path)
		return err
	}, func(err error) {
		if err != nil {
			r.sum.SetText(translated(problemOf(err).Title))
			r.field.SetError(problemText(problemOf(err)))
			return
		}
		r.saved, r.known = text, true
		r.field.SetEnabled(true)
		r.field.SetText(text)
		r.typed()
	})
}

// typed counts what the rules in the field would leave out.
func (r *rulesEditor) typed() {
	if !r.known {
		return
	}
	r.field.SetError("")
	text := r.field.Text()
	if text == r.saved {
		r.save.Disable()
	} else {
		r.save.Enable()
	}
	r.sum.SetText(lang.L("Counting what is left out"))
	var got *syncer.Trial
	r.trying.ask(func(ctx context.Context) (err error) {
		got, err = r.s.w.engine.TryRules(ctx, r.path, text)
		return err
	}, func(err error) {
		if err != nil {
			r.sum.SetText(problemText(problemOf(err)))
			return
		}
		r.show(got, text != r.saved)
	})
}

// show says what rules leave out, or would.
func (r *rulesEditor) show(t *syncer.Trial, would bool) {
	n, amount := int(t.Own.Files), values{"Number": number(t.Own.Files), "Size": size(t.Own.Bytes)}
	text := lang.N("These rules leave out {{.Number}} files, {{.Size}}.", n, amount)
	switch {
	case n == 0 && would:
		text = lang.L("This would leave out nothing.")
	case n == 0:
		text = lang.L("No rules of its own leave anything out.")
	case would:
		text = lang.N("This would leave out {{.Number}} files, {{.Size}}.", n, amount)
	}
	kept := lang.N("{{.Number}} files, {{.Size}}, are kept.", int(t.Kept.Files), values{"Number": number(t.Kept.Files), "Size": size(t.Kept.Bytes)})
	r.sum.SetText(text + " " + kept)
	var lines []string
	for _, f := range t.Faults {
		lines = append(lines, faultWords(f))
	}
	r.faults.SetText(strings.Join(lines, "\n"))
	shown(r.faults, len(lines) > 0)
	r.s.refresh()
}

func faultWords(f syncer.RulesFault) string {
	switch {
	case f.All:
		return lang.L("Line {{.Number}} leaves out the whole folder.", values{"Number": f.Line})
	case f.Line == 0:
		return lang.L("This is not plain text, or far too much of it: none of it counts.")
	default:
		return lang.L("Line {{.Number}} does nothing: {{.Text}}", values{"Number": f.Line, "Text": kit.Shown(f.Text)})
	}
}

// write saves the rules, and offers to bring the old ones back.
func (r *rulesEditor) write() {
	before, text := r.saved, r.field.Text()
	r.save.Disable()
	r.s.w.do(func(ctx context.Context) error { return r.s.w.engine.SetRules(ctx, r.path, before, text) }, func(err error) {
		if err != nil {
			r.save.Enable()
			p := problemOf(err)
			r.field.SetError(problemText(p))
			if p.Code == "rules_changed" {
				r.field.SetError(lang.L("Another program changed these rules meanwhile. Open this page again to see them."))
			}
			r.s.refresh()
			return
		}
		r.saved = text
		r.typed()
		r.s.w.toldDone(lang.L("The rules are saved"), func(ctx context.Context) error {
			return r.s.w.engine.SetRules(ctx, r.path, text, before)
		}, r.read)
	})
}

// leftOutView is what is left out of all folders.
func (s *settingsScreen) leftOutView() settingsView {
	list := kit.VBox(2)
	switches := make(map[string]*kit.Switch)
	counting := question{w: s.w}
	var counted map[string]syncer.Measured // nil: not yet
	draw := func() {}
	count := func() {
		s.countLeftOut(&counting, func(sum map[string]syncer.Measured) { counted = sum; draw(); s.refresh() })
	}
	draw = func() {
		for _, key := range s.keysWith(presetPrefix) {
			title, detail := presetWords(key, s.values[key].About)
			sw := switches[key]
			if sw == nil {
				sw = kit.NewSwitch(turned(title, detail, false), func(on bool) {
					s.set(key, map[bool]string{true: "on", false: "off"}[on], func(err error) {
						s.tellOnly(err)
						count()
					})
				})
				switches[key] = sw
				list.Add(sw)
			}
			if m := counted[key]; m.Files > 0 {
				detail += " " + lang.N("{{.Number}} files, {{.Size}}, are left out now.", int(m.Files), values{"Number": number(m.Files), "Size": size(m.Bytes)})
			}
			sw.Set(turned(title, detail, s.value(key) == "on"))
		}
	}
	s.bound = append(s.bound, draw)
	limit := s.settingField("max-file-size", settingField{
		label: lang.L("Largest file"), placeholder: lang.L("No limit"), hint: lang.L("Such as 4 GB. Larger files are left out, and not named anywhere."),
		wrong: lang.L("Type a size, such as 500 MB or 4 GB, or nothing for no limit."), shown: sizeShown, meant: sizeMeant,
	})
	count()
	return settingsView{
		title: lang.L("What is left out"), lead: lang.L("Of all folders. Each folder can have rules of its own, on its page."), left: counting.drop,
		body: []fyne.CanvasObject{
			card(lang.L("Not worth keeping"), "", outdent(8, list)),
			card(lang.L("By size"), "", limit.Root),
		},
	}
}

// presetPrefix begins the names of the settings that switch a preset.
const presetPrefix = "ignore-"

func presetWords(key, about string) (title, detail string) {
	switch key {
	case "ignore-caches":
		return lang.L("Caches"), lang.L("What programs fetch or make again by themselves.")
	case "ignore-trash":
		return lang.L("Trash"), lang.L("What was thrown away, and notes that the system keeps beside files.")
	case "ignore-node_modules":
		return "node_modules", lang.L("Packages that programmers' tools fetch again.")
	case "ignore-vm-images":
		return lang.L("Disks of virtual machines"), lang.L("They are large, and written to all the time.")
	default:
		return strings.TrimPrefix(key, presetPrefix), about
	}
}

// countLeftOut tells what each preset leaves out of all folders now.
func (s *settingsScreen) countLeftOut(counting *question, tell func(map[string]syncer.Measured)) {
	sum := make(map[string]syncer.Measured)
	folders := s.now.Folders
	counting.ask(func(ctx context.Context) error {
		for _, f := range folders {
			text, err := s.w.engine.Rules(ctx, f.Path)
			if err != nil {
				continue // a disk that is away, or rules that are none: it is not counted
			}
			t, err := s.w.engine.TryRules(ctx, f.Path, text)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				continue
			}
			for key, m := range t.Presets {
				sum[key] = syncer.Measured{Files: sum[key].Files + m.Files, Bytes: sum[key].Bytes + m.Bytes}
			}
		}
		return nil
	}, func(err error) {
		if err == nil { // else it was stopped
			tell(sum)
		}
	})
}

// leftOutWords are the presets that are on, in a line.
func (s *settingsScreen) leftOutWords() string {
	var names []string
	for _, key := range s.keysWith(presetPrefix) {
		if s.value(key) == "on" {
			title, _ := presetWords(key, "")
			names = append(names, title)
		}
	}
	if limit := s.value("max-file-size"); limit != "" && limit != "none" {
		names = append(names, lang.L("files over {{.Size}}", values{"Size": sizeShown(limit)}))
	}
	if len(names) == 0 && len(s.values) > 0 {
		return lang.L("Nothing")
	}
	return facts(names...)
}
