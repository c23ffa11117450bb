package ui

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/syncer/guide"
	"roost/ui/kit"
	"roost/ui/lang"
)

// lookUp asks the storage which devices the backup has.
func (o *onboarding) lookUp() {
	o.show(part{title: lang.L("Your backup"), next: kit.NewButton(kit.Secondary, "refresh", lang.L("Try again"), o.lookUp)})
	var found []guide.Device
	bare := false
	o.needing(lang.L("Looking for your backup"), func(ctx context.Context) (err error) {
		if found, err = o.starter.Found(ctx); err != nil {
			return err
		}
		_, _, err = o.starter.Words(ctx)
		if bare = err != nil && syncer.Describe(err).Code == "no_words"; bare {
			return nil
		}
		return err
	}, func() { o.found, o.bare = found, bare; o.showFound() }, o.lookUp)
}

// showFound shows what is there, and asks what this computer is for.
func (o *onboarding) showFound() {
	devices := kit.VBox(12)
	for _, d := range o.found {
		devices.Add(kit.NewRow(kit.RowData{
			Icon: "laptop", IconTone: kit.Good, Title: kit.Shown(d.Name),
			Detail: lang.L("newest version: {{.When}}", values{"When": moment(d.Newest, time.Now())}), Value: size(bytesOf(d)),
		}, nil))
	}
	if len(o.found) == 0 {
		devices.Add(kit.NewParagraph(lang.L("The backup is there, and nothing was saved to it yet.")).Secondary())
	}
	var options []fyne.CanvasObject
	if len(o.found) > 0 && !o.bare { // to let the old one go takes the words
		options = append(options, kit.NewOption(kit.OptionData{
			Icon: "restore", Tone: kit.Accent, Title: lang.L("Replace my old computer"),
			Detail: lang.L("Its files come back here, and this computer keeps them from now on. When everything is safe here, the old one leaves the backup; its versions stay."),
		}, func() { o.showDevices() }))
	}
	look := kit.NewOption(kit.OptionData{
		Icon: "eye", Tone: kit.Accent, Title: lang.L("Just look"), Detail: lang.L("Browse everything, and bring back single files."),
	}, func() {
		o.old = ""
		o.run(nil, lang.L("One moment"), func(ctx context.Context) error { return o.starter.Replace(ctx, "") }, func() {
			o.finish(nil, func() {
				open := Home
				if o.w.has(Files) {
					open = Files
				}
				o.done(open)
			})
		})
	})
	options = append(options, kit.NewOption(kit.OptionData{
		Icon: "plus", Tone: kit.Accent, Title: lang.L("Add this device"),
		Detail: lang.L("It gets a history of its own beside the others. You choose its folders next."),
	}, func() { o.old = ""; o.showFolders() }), look)
	o.show(part{
		title: lang.L("Your backup is found"), lead: lang.L("What is this computer for?"),
		body: []fyne.CanvasObject{kit.Card(kit.PadXY(-8, -8, devices)), kit.VBox(12, options...)},
	})
}

// showDevices asks which of several computers is replaced.
func (o *onboarding) showDevices() {
	if len(o.found) == 1 {
		o.showWhat(o.found[0])
		return
	}
	var options []fyne.CanvasObject
	for _, d := range o.found {
		options = append(options, kit.NewOption(kit.OptionData{
			Icon: "laptop", Tone: kit.Accent, Title: kit.Shown(d.Name),
			Detail: lang.L("newest version: {{.When}}", values{"When": moment(d.Newest, time.Now())}), Value: size(bytesOf(d)),
		}, func() { o.showWhat(d) }))
	}
	o.show(part{title: lang.L("Which computer is replaced?"), body: []fyne.CanvasObject{kit.VBox(12, options...)}, back: o.showFound})
}

// comeBack is a folder that may come back.
type comeBack struct {
	guide.Kept
	there  string // its place on this computer; "" when it has none
	ticked bool
	option *kit.Option
}

// showWhat asks which folders come back, and where to.
func (o *onboarding) showWhat(d guide.Device) {
	o.old = d.ID
	folders := make([]*comeBack, len(d.Folders))
	list := kit.VBox(8)
	aside := o.home == "" // into one new folder, rather than to their places
	apart := filepath.Join(o.home, lang.L("Brought back by Roost"))
	var next *kit.Button
	var places [2]*kit.Option
	draw := func() {
		chosen := 0
		for _, f := range folders {
			target := f.there
			if aside || target == "" {
				target = filepath.Join(apart, folderName(f.Path))
			}
			name := kit.Shown(folderName(f.Path))
			data := kit.OptionData{
				Icon: folderGlyph(f.Path), Tone: kit.Accent, Title: name, Detail: lang.L("to {{.Path}}", values{"Path": kit.Shown(tilde(target, o.home))}),
				Value: facts(files(f.Files), size(f.Bytes)), Tick: true, Ticked: f.ticked,
			}
			if !f.Complete {
				data.Detail = facts(data.Detail, lang.L("not all of it was saved"))
			}
			data.Spoken = lang.L("{{.Name}}, {{.Size}}, not chosen", values{"Name": name, "Size": data.Value})
			if f.ticked {
				data.Spoken = lang.L("{{.Name}}, {{.Size}}, chosen", values{"Name": name, "Size": data.Value})
				chosen++
			}
			f.option.Set(data)
		}
		for i, place := range places {
			data := place.Data()
			data.Ticked = (i == 1) == aside
			place.Set(data)
		}
		if chosen == 0 {
			next.Disable()
		} else {
			next.Enable()
		}
	}
	for i, kept := range d.Folders {
		f := &comeBack{Kept: kept, there: guide.Place(kept.Path, o.home), ticked: true}
		f.option = kit.NewOption(kit.OptionData{}, func() { f.ticked = !f.ticked; draw() })
		folders[i] = f
		list.Add(f.option)
	}
	places[0] = kit.NewOption(kit.OptionData{
		Title: lang.L("Where they were"), Detail: lang.L("In your own folders. Files that are there already stay: both are kept."), Tick: true, One: true,
	}, func() { aside = false; draw() })
	places[1] = kit.NewOption(kit.OptionData{
		Title: lang.L("In a new folder"), Detail: kit.Shown(tilde(apart, o.home)), Tick: true, One: true,
	}, func() { aside = true; draw() })
	other := kit.NewButton(kit.Secondary, "folder", lang.L("Another place"), func() {
		o.pick(func(dir string) {
			aside, apart = true, dir
			data := places[1].Data()
			data.Title, data.Detail = lang.L("In this folder"), kit.Shown(tilde(dir, o.home))
			places[1].Set(data)
			draw()
		})
	})
	next = kit.NewButton(kit.Primary, "", lang.L("Bring them back"), func() {
		var wanted []guide.Return
		taken := map[string]bool{}
		for _, f := range folders {
			if !f.ticked {
				continue
			}
			target := f.there
			if aside || target == "" {
				target = filepath.Join(apart, folderName(f.Path))
			}
			wanted = append(wanted, guide.Return{Version: f.Version, Path: free(target, taken)})
		}
		o.bringBack(next, wanted)
	})
	o.show(part{
		title: lang.L("What comes back, and where to?"),
		lead:  lang.L("{{.Name}}, newest version: {{.When}}", values{"Name": kit.Shown(d.Name), "When": moment(d.Newest, time.Now())}),
		body:  []fyne.CanvasObject{list, kit.Between(kit.Heading(lang.L("Where to")).Clipped(), other), kit.VBox(8, places[0], places[1])},
		back:  o.showFound, next: next,
	})
	draw()
}

// folderName is the last name of a path of any system.
func folderName(p string) string {
	name := path.Base(strings.ReplaceAll(p, `\`, "/"))
	if name == "/" || name == "." || strings.HasSuffix(name, ":") {
		return lang.L("Disk")
	}
	return name
}

// free makes targets distinct: two folders of one name do not fall into one.
func free(target string, taken map[string]bool) string {
	at := target
	for n := 2; taken[strings.ToLower(at)]; n++ {
		at = filepath.Join(filepath.Dir(target), fmt.Sprint(n), filepath.Base(target))
	}
	taken[strings.ToLower(at)] = true
	return at
}

func bytesOf(d guide.Device) (sum int64) {
	for _, f := range d.Folders {
		sum += f.Bytes
	}
	return sum
}
