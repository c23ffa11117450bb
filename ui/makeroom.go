package ui

import (
	"context"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// askRoom says what can be freed, now and later, and frees it when a person says so.
func (w *Window) askRoom() {
	asking := question{w: w}
	body := kit.VBox(12, kit.NewParagraph(lang.L("Counting what can be freed")).Secondary())
	what := kit.NewChoice(
		kit.Alternative{Label: lang.L("Removed versions keep their 30 days"), Detail: "…"},
		kit.Alternative{Label: lang.L("Removed versions go for good now"), Detail: "…"},
	)
	var d *kit.Dialog
	free := kit.NewButton(kit.Primary, "", lang.L("Free up space"), func() {
		d.Close()
		w.makeRoom(what.Chosen() == 1)
	})
	free.Disable()
	what.OnChanged = func(i int) {
		free.SetLabel([]string{lang.L("Free up space"), lang.L("Remove for good")}[i])
		free.SetImportance([]kit.Importance{kit.Primary, kit.Danger}[i])
		d.Refresh()
	}
	d = kit.NewDialog(lang.L("Free up space"), body, kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), free)
	d.OnClosed = asking.drop
	w.dialog(d)
	var kept, now *syncer.Pruned
	asking.ask(func(ctx context.Context) (err error) {
		if kept, err = w.engine.Prune(ctx, syncer.PruneOptions{Preview: true}, nil); err == nil {
			now, err = w.engine.Prune(ctx, syncer.PruneOptions{Preview: true, Now: true}, nil)
		}
		return err
	}, func(err error) {
		if err != nil {
			p := problemOf(err)
			body.Objects = []fyne.CanvasObject{kit.NewNotice(problemTone(p), translated(p.Title), w.problemText(p), w.detailsButton(p)).Root}
			d.Refresh()
			return
		}
		at := time.Now()
		said := []string{lang.L("Roost deletes what nothing needs any more. Every folder's newest version stays.")}
		if n := len(kept.Versions); n > 0 {
			said = append(said, lang.N("{{.Number}} versions leave the list, as you chose.", n, values{"Number": number(int64(n))}))
		}
		body.Objects = []fyne.CanvasObject{kit.NewParagraph(strings.Join(said, " ")).Secondary()}
		if !kept.LaterBy.IsZero() {
			what.SetDetail(0, lang.L("They can be brought back until then. About {{.Size}} come free by {{.Date}}.",
				values{"Size": size(kept.FreedLater), "Date": longAhead(kept.LaterBy, at)}))
			what.SetDetail(1, lang.L("About {{.Size}} come free at once. They can't be brought back.", values{"Size": size(now.Freed)}))
			body.Add(outdent(12, what.Root))
		}
		free.Enable()
		d.Refresh()
	})
}

// makeRoom frees what can be freed and shows how far that is. It goes on when its dialog is closed, and tells its end then.
func (w *Window) makeRoom(now bool) {
	text := kit.NewParagraph(lang.L("One moment")).Secondary()
	bar := kit.NewBar(kit.Accent)
	body := kit.VBox(12, text, bar, kit.NewParagraph(lang.L("It goes on when you close this.")).Secondary())
	var d *kit.Dialog
	closed := kit.NewButton(kit.Secondary, "", lang.L("Close"), func() { d.Close() })
	d = kit.NewDialog(lang.L("Freeing up space"), body, closed)
	w.dialog(d)
	var got *syncer.Pruned
	w.do(func(ctx context.Context) error {
		return w.follow(ctx, func(r syncer.Report) (err error) {
			got, err = w.engine.Prune(ctx, syncer.PruneOptions{Now: now}, r)
			return err
		}, func(p syncer.Progress) {
			text.SetText(roomPhase(p.Phase))
			if p.TotalFiles > 0 {
				bar.Set(float64(p.Files)/float64(p.TotalFiles), kit.Accent)
			}
		})
	}, func(err error) {
		if !d.IsOpen() {
			switch {
			case err != nil:
				w.Tell(err)
			default:
				w.say(kit.Good, freedWords(got, time.Now())[0])
			}
			return
		}
		body.RemoveAll()
		if got != nil {
			for _, line := range freedWords(got, time.Now()) {
				body.Add(kit.NewParagraph(line))
			}
		}
		if err != nil {
			p := problemOf(err)
			body.Add(kit.NewNotice(problemTone(p), translated(p.Title), w.problemText(p), w.detailsButton(p)).Root)
		}
		closed.SetLabel(lang.L("Done"))
		d.Refresh()
	})
}

func roomPhase(phase string) string {
	switch phase {
	case "cleaning":
		return lang.L("Deleting what nothing needs")
	case "freeing":
		return lang.L("Your storage frees it")
	default:
		return lang.L("Looking what is needed")
	}
}

// freedWords says what came free now, and what comes free later.
func freedWords(p *syncer.Pruned, now time.Time) (said []string) {
	said = []string{lang.L("{{.Size}} came free.", values{"Size": size(p.Freed)})}
	if p.Freed == 0 {
		said[0] = lang.L("Nothing came free now.")
	}
	if n := len(p.Versions); n > 0 {
		said = append(said, lang.N("{{.Number}} versions were removed.", n, values{"Number": number(int64(n))}))
	}
	if !p.LaterBy.IsZero() {
		said = append(said, lang.L("About {{.Size}} more come free by {{.Date}}. Until then, removed versions can be brought back.",
			values{"Size": size(p.FreedLater), "Date": longAhead(p.LaterBy, now)}))
	}
	if p.InUse > 0 {
		said = append(said, inUseWords(p.InUse))
	}
	if p.Over > 0 {
		said = append(said, lang.L("Your backup still takes {{.Size}} more than it may: only the newest versions are left.", values{"Size": size(p.Over)}))
	}
	for _, s := range p.Storages {
		if s.Err != "" {
			said = append(said, facts(kit.Shown(s.Name), translated(s.Err)))
		}
	}
	return said
}

func inUseWords(n int) string {
	return lang.N("{{.Number}} versions were left alone, because somebody looks at them now.", n, values{"Number": number(int64(n))})
}
