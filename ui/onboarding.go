package ui

import (
	"context"
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"

	"roost/syncer"
	"roost/syncer/guide"
	"roost/ui/kit"
	"roost/ui/lang"
)

// onboarding takes a person through the first steps: one question a page, and nothing is asked that can be found out.
// What was decided so far is in the home and in these fields; each step is made when it is shown.
type onboarding struct {
	w       *Window
	starter Starter
	pick    func(func(dir string)) // lets a person choose a folder
	home    string                 // the person's own folder

	frame *fyne.Container // around the page of the step
	page  *kit.Page
	foot  *fyne.Container // below it: what was said, and the ways on
	ways  bool            // there are such
	said  *fyne.Container // in the step: what is under way or went wrong
	now   func(Now)       // draws Now in the step; nil where it has nothing to show
	leave []func()        // when the step ends

	dropped func(path string) // takes a file that is dropped on the window; nil: the step wants none
	retry   func()            // what failed, once more; nil where the person does that
	prev    *kit.Button       // to the step before; nil: there is none
	letters bool              // the step exchanges codes with another computer
	busy    bool              // the home is being made: nothing else may begin
	step    int               // counts steps, so that an answer that comes late is dropped

	more  *oneMore            // the choice of a further storage, which has only the pages of onboarding_where.go; nil: the first steps
	how   syncer.SetupOptions // the storage, and for getting back the words
	local bool                // the storage is on this computer
	only  bool                // its address is not known: the words lead to it
	old   string              // id of the device that this computer takes the place of; "": none
	back  bool                // getting files back, rather than keeping them
	bare  bool                // got back without the words, which are not here
	typed [wordCount]string   // recovery words that were typed, so that going back loses none
	found []guide.Device
}

// wordCount is how many recovery words there are.
const wordCount = 24

func newOnboarding(w *Window, s Starter) *onboarding {
	o := &onboarding{w: w, starter: s, frame: container.NewStack()}
	o.pick = o.pickFolder
	home, err := guide.OwnFolder()
	if err == nil {
		o.home = home
	}
	return o
}

func (o *onboarding) root() fyne.CanvasObject { return o.frame }

func (o *onboarding) draw(now Now) {
	if o.now != nil {
		o.now(now)
	}
}

// begin shows the step that a stage goes on with.
func (o *onboarding) begin(s guide.Stage) {
	switch s {
	case guide.Words:
		o.showWhyWords()
	case guide.Folders:
		o.showFolders()
	case guide.Recovered:
		o.back = true
		o.lookUp()
	case guide.Returning:
		o.back = true
		o.showReturning()
	case guide.Done:
		o.done(Home)
	default:
		o.showWelcome()
	}
}

// part is one page of the first steps.
type part struct {
	title string
	lead  string // what it is about; may be empty
	body  []fyne.CanvasObject
	back  func()      // to the step before; nil: there is none
	other *kit.Button // beside next; may be nil
	next  *kit.Button // what the step is for; nil where the options are
	wide  bool
}

// Widths of the steps.
const (
	stepWidth = 620
	wideWidth = 780
)

// show replaces the step.
func (o *onboarding) show(p part) {
	for _, leave := range o.leave {
		leave()
	}
	o.leave, o.now, o.retry, o.dropped, o.letters = nil, nil, nil, nil, false
	o.step++
	o.said = kit.VBox(0)
	o.said.Hide()
	head := kit.VBox(6, kit.NewParagraph(p.title).AsTitle())
	if p.lead != "" {
		head.Add(kit.NewParagraph(p.lead).Secondary())
	}
	content := kit.VBox(18)
	if o.more == nil { // where there is a navigation, the logo is there
		content.Add(logo())
	}
	content.Add(head)
	for _, b := range p.body {
		content.Add(b)
	}
	o.prev = nil
	var left fyne.CanvasObject = kit.NewBox("", "", 0)
	if p.back != nil {
		o.prev = kit.NewButton(kit.Secondary, "chevron-left", lang.L("Back"), p.back)
		left = kit.HBox(0, o.prev)
	}
	var right []fyne.CanvasObject
	for _, b := range []*kit.Button{p.other, p.next} {
		if b != nil {
			right = append(right, b)
		}
	}
	foot := kit.VBox(14, o.said)
	o.ways = p.back != nil || len(right) > 0
	if o.ways {
		foot.Add(kit.Between(left, kit.HBox(8, right...)))
	}
	width := float32(stepWidth)
	if p.wide {
		width = wideWidth
	}
	o.page = kit.NewPage(kit.Narrow(width, content))
	// What goes on and what is wrong is seen wherever the page was scrolled to.
	o.foot = container.NewStack(kit.NewBox(kit.ColourPage, "", 0), kit.PadEach(10, 22, kit.PageInset, kit.PageInset, kit.Narrow(width, foot)))
	shown(o.foot, o.ways)
	o.frame.Objects = []fyne.CanvasObject{kit.Stretch(0, 0, o.page.Root, o.foot)}
	o.frame.Refresh()
	if c := o.w.over.Canvas(); c != nil {
		c.Unfocus() // the first Tab goes to the first control of the step
	}
}

// say shows in the step what is under way or went wrong; nothing hides it.
func (o *onboarding) say(objects ...fyne.CanvasObject) {
	o.said.Objects = objects
	shown(o.said, len(objects) > 0)
	shown(o.foot, o.ways || len(objects) > 0)
	o.foot.Refresh()
	o.frame.Refresh()
}

// fail shows what went wrong, and what to do.
func (o *onboarding) fail(err error, buttons ...*kit.Button) {
	if errors.Is(err, context.Canceled) {
		o.say()
		return
	}
	p := problemOf(err)
	if retry := o.retry; p.Code == "insecure" && retry != nil {
		use := kit.NewButton(kit.Secondary, "", lang.L("Use it anyway"), func() { o.how.AllowHTTP = true; retry() })
		o.say(kit.NewNotice(kit.Warn, lang.L("Others in the network could listen"),
			lang.L("The connection is not encrypted: the device's key could be read on the way. Your files are encrypted in any case."), use).Root)
		return
	}
	title, text := startWords(p, o.how.URL != "")
	if o.letters {
		title, text = letterWords(p)
	}
	details := kit.NewButton(kit.Quiet, "", lang.L("Details"), func() { o.w.showProblem(p) }).
		Spoken(lang.L("Details of: {{.Title}}", values{"Title": title}))
	o.say(kit.NewNotice(problemTone(p), title, text, append([]*kit.Button{details}, buttons...)...).Root)
}

// run does something long away from the UI goroutine. The button rests and words tell what is under way until it is done;
// leaving the step ends it. then is called when it went well, fail shows else what went wrong.
func (o *onboarding) run(button *kit.Button, words string, do func(context.Context) error, then func()) {
	if button != nil {
		button.Disable()
	}
	o.say(kit.NewParagraph(words).Secondary())
	o.inStep(do, func(err error) {
		if button != nil {
			button.Enable()
		}
		if o.say(); err != nil {
			o.fail(err)
			return
		}
		then()
	})
}

// inStep does something that ends with the step. done is not called when the step is over.
func (o *onboarding) inStep(do func(context.Context) error, done func(error)) {
	ctx, stop := context.WithCancel(context.Background())
	o.leave = append(o.leave, stop)
	step := o.step
	o.w.do(func(running context.Context) error {
		defer context.AfterFunc(running, stop)()
		return do(ctx)
	}, func(err error) {
		if o.step == step {
			done(err)
		}
	})
}

// tell crosses to the UI goroutine while something of this step is under way.
func (o *onboarding) tell(step int, draw func()) {
	o.w.post(func() {
		if o.step == step {
			draw()
		}
	})
}

// startWords says what is in the way of the first steps. Nothing is kept yet, so nothing can be said to be safe.
func startWords(p syncer.Problem, address bool) (title, text string) {
	switch p.Code {
	case "unreachable", "storage_slow":
		if !address {
			return lang.L("There is no storage of Roost in this folder"), lang.L("Choose the folder that holds it. Where Roost made it, it is called \"Roost storage\".")
		}
		return lang.L("Nothing answers there"), lang.L("Check the address, and that the device is switched on and connected.")
	case "wrong_passphrase":
		return lang.L("This is not the right password"), lang.L("Nothing was changed. Try again.")
	case "refused":
		return translated(p.Title), lang.L("Compare the key with the one on the device.")
	case "group_refused":
		return translated(p.Title), lang.L("Compare the group's name and password with those on the device.")
	case "group_away":
		return translated(p.Title), lang.L("Check the group's address, and that the program which joins the storages runs on the device.")
	case "not_a_storage":
		return translated(p.Title), lang.L("Something else answers at this address. Check it, and the number at its end.")
	case "storage_full":
		return translated(p.Title), lang.L("Free up some space on it, or choose another place.")
	default:
		return translated(p.Title), problemText(p) + " " + sentence(translated(p.Action))
	}
}

// pickFolder is the choice of a folder as the system's window has it.
func (o *onboarding) pickFolder(chosen func(dir string)) {
	dialog.ShowFolderOpen(func(folder fyne.ListableURI, err error) {
		switch {
		case err != nil:
			o.fail(err)
		case folder != nil: // nil: they changed their mind
			chosen(folder.Path())
		}
	}, o.w.over)
}

// keeping is the job that keeps folders from now on, in the place of the computer that was chosen to be replaced. The wish is
// written down before them, so that no crash between the two leaves folders without it.
func (o *onboarding) keeping(dirs []string) func(context.Context) error {
	if e, run := o.w.engine, o.w.now.Restore; e != nil { // the home is the engine's since the files came back, and the wish is written down
		return func(ctx context.Context) error {
			_, err := e.AddFolders(ctx, dirs)
			if err == nil && run != nil {
				err = e.SteerRestore(ctx, run.ID, syncer.ErrandPutAway)
			}
			return err
		}
	}
	starter, back, old := o.starter, o.back, o.old
	return func(ctx context.Context) error {
		if back {
			if err := starter.Replace(ctx, old); err != nil {
				return err
			}
		}
		return starter.AddFolders(ctx, dirs)
	}
}

// keys is how the home is made, without the storage.
func (o *onboarding) keys() syncer.SetupOptions {
	return syncer.SetupOptions{Words: o.how.Words, Joined: o.how.Joined}
}

// finish gives the home to the engine, which keeps the folders from then on.
func (o *onboarding) finish(button *kit.Button, then func()) {
	if o.w.engine != nil {
		then()
		return
	}
	o.run(button, lang.L("One moment"), o.starter.Finish, func() {
		if o.w.begun != nil {
			o.w.begun()
		}
		then()
	})
}

// done shows the window that there is from now on.
func (o *onboarding) done(open Place) {
	for _, leave := range o.leave {
		leave()
	}
	o.leave = nil
	o.w.onboarding = nil
	o.w.fill()
	o.w.Show(open)
}
