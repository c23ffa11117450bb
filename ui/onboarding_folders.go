package ui

import (
	"context"
	"path/filepath"
	"slices"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/syncer/guide"
	"roost/ui/kit"
	"roost/ui/lang"
)

// folderChoice is the list of folders that may be kept.
type folderChoice struct {
	o     *onboarding
	list  *fyne.Container
	sum   *kit.Paragraph
	next  *kit.Button
	rows  []*folderTick
	queue chan *folderTick // to be measured
}

// folderTick is one of them.
type folderTick struct {
	path   string
	ticked bool
	size   syncer.Measured
	state  measuring
	option *kit.Option
}

// measuring is how far the counting of a folder is.
type measuring int

const (
	counting measuring = iota
	counted
	uncountable
)

// mostFolders is how many folders can wait to be measured; a person adds them one by one.
const mostFolders = 256

// showFolders asks which folders shall be kept, and measures them meanwhile.
func (o *onboarding) showFolders() {
	c := o.showFolderChoice(guide.Suggested(o.home))
	step := o.step
	o.inStep(func(ctx context.Context) error { return c.measure(ctx, step) }, func(error) {})
}

func (o *onboarding) showFolderChoice(suggested []guide.Suggestion) *folderChoice {
	c := &folderChoice{o: o, list: kit.VBox(8), sum: kit.NewParagraph("").Secondary(), queue: make(chan *folderTick, mostFolders)}
	add := kit.NewButton(kit.Secondary, "plus", lang.L("Add another folder"), func() { o.pick(c.add) })
	c.next = kit.NewButton(kit.Primary, "", lang.L("Keep these folders"), c.keep)
	o.show(part{
		title: lang.L("Which folders must not be lost?"), lead: lang.L("Everything below them is kept, with every change."),
		body: []fyne.CanvasObject{c.list, kit.Between(c.sum, add)}, next: c.next,
	})
	for _, s := range suggested {
		c.append(s.Path, s.Usual)
	}
	c.drawSum()
	return c
}

// add ticks a folder that the person chose.
func (c *folderChoice) add(dir string) {
	if i := slices.IndexFunc(c.rows, func(t *folderTick) bool { return t.path == dir }); i >= 0 {
		c.rows[i].ticked = true
		c.draw(c.rows[i])
		return
	}
	c.append(dir, true)
	c.drawSum()
	c.o.page.Refresh()
}

func (c *folderChoice) append(path string, ticked bool) {
	t := &folderTick{path: path, ticked: ticked}
	t.option = kit.NewOption(kit.OptionData{}, func() { t.ticked = !t.ticked; c.draw(t) })
	c.rows = append(c.rows, t)
	c.list.Add(t.option)
	c.draw(t)
	select {
	case c.queue <- t:
	default:
		t.state = uncountable
		c.draw(t)
	}
}

func (c *folderChoice) draw(t *folderTick) {
	d := kit.OptionData{
		Icon: folderGlyph(t.path), Tone: kit.Accent, Title: kit.Shown(filepath.Base(t.path)), Detail: kit.Shown(tilde(t.path, c.o.home)),
		Tick: true, Ticked: t.ticked,
	}
	switch t.state {
	case counting:
		d.Value = lang.L("counting")
		if t.size.Files > 0 {
			d.Value = lang.L("more than {{.Size}}", values{"Size": size(t.size.Bytes)})
		}
	case counted:
		d.Value = facts(files(t.size.Files), size(t.size.Bytes))
	case uncountable:
		d.Value = lang.L("size not known")
	}
	d.Spoken = lang.L("{{.Name}}, {{.Size}}, not chosen", values{"Name": d.Title, "Size": d.Value})
	if t.ticked {
		d.Spoken = lang.L("{{.Name}}, {{.Size}}, chosen", values{"Name": d.Title, "Size": d.Value})
	}
	t.option.Set(d)
	c.drawSum()
}

func (c *folderChoice) drawSum() {
	var sum syncer.Measured
	chosen, known := 0, true
	for _, t := range c.rows {
		if t.ticked {
			chosen++
			sum.Files += t.size.Files
			sum.Bytes += t.size.Bytes
			known = known && t.state == counted
		}
	}
	switch {
	case chosen == 0:
		c.sum.SetText(lang.L("No folder is chosen yet."))
		c.next.Disable()
		return
	case !known:
		c.sum.SetText(lang.L("Roost is counting what is in them. You need not wait for it."))
	default:
		c.sum.SetText(facts(files(sum.Files), size(sum.Bytes), firstTime(sum, c.o.local)))
	}
	c.next.Enable()
}

// Speeds by which the time of a first backup is estimated, in bytes a second: reading, encrypting and writing on one
// computer, and sending through a network at home.
const (
	localSpeed   = 60_000_000
	networkSpeed = 8_000_000
	perFile      = time.Millisecond
)

// firstTime estimates how long the first backup takes: coarsely, because nobody knows the network yet.
func firstTime(m syncer.Measured, local bool) string {
	speed := int64(networkSpeed)
	if local {
		speed = localSpeed
	}
	d := time.Duration(m.Bytes/speed)*time.Second + time.Duration(m.Files)*perFile
	switch {
	case d < time.Minute:
		return lang.L("the first time takes about a minute")
	case d < time.Hour:
		minutes := int(d.Round(time.Minute) / time.Minute)
		return lang.N("the first time takes about {{.Count}} minutes", minutes, values{"Count": minutes})
	default:
		hours := int(d.Round(time.Hour) / time.Hour)
		return lang.N("the first time takes about {{.Count}} hours", hours, values{"Count": hours})
	}
}

// measure counts one folder after the other until the step ends.
func (c *folderChoice) measure(ctx context.Context, step int) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case t := <-c.queue:
			tell := func(m syncer.Measured) { c.o.tell(step, func() { t.size = m; c.draw(t) }) }
			m, err := syncer.Measure(ctx, t.path, tell)
			if ctx.Err() != nil {
				return nil
			}
			c.o.tell(step, func() {
				t.size, t.state = m, counted
				if err != nil {
					t.state = uncountable
				}
				c.draw(t)
			})
		}
	}
}

// keep keeps what is ticked, and goes on to the progress of the first backup.
func (c *folderChoice) keep() {
	var dirs []string
	for _, t := range c.rows {
		if t.ticked {
			dirs = append(dirs, t.path)
		}
	}
	o := c.o
	keep := o.keeping(dirs)
	var locked bool
	o.run(c.next, lang.L("One moment"), func(ctx context.Context) error {
		err := keep(ctx)
		if locked = needsPassphrase(err); locked {
			return nil
		}
		return err
	}, func() {
		if locked {
			o.askPassphrase(o.showFolders)
			return
		}
		o.finish(c.next, o.showProgress)
	})
}
