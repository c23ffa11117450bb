package ui

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// keepEditor chooses which versions stay, of one folder or of all that have no rules of their own. What would go is counted
// while it is chosen, and nothing is changed before it is applied.
type keepEditor struct {
	s      *settingsScreen
	dir    string // "": all folders
	root   fyne.CanvasObject
	kinds  []keepKind
	choice *kit.Choice
	fit    *kit.Field
	own    *fyne.Container // the fields of numbers
	fields [5]*kit.Field   // hours, days, weeks, months, years
	sum    *kit.Paragraph
	apply  *kit.Button

	trying  question
	was     syncer.Keep // as it is now
	known   bool        // was is
	fitText string      // how the bound of was is written
}

// keepKind is one thing to choose: rules with a name, or one of the others.
type keepKind struct {
	name  string
	rules syncer.KeepRules
}

const (
	keepAsAll  = "as all" // of a folder: the rules of all
	keepInRoom = "room"   // every version, as far as it fits
	keepOwn    = "own"    // numbers
)

func (s *settingsScreen) newKeepEditor(dir, title, text string) *keepEditor {
	k := &keepEditor{s: s, dir: dir, trying: question{w: s.w}}
	var options []kit.Alternative
	add := func(kind keepKind, label, detail string) {
		k.kinds = append(k.kinds, kind)
		options = append(options, kit.Alternative{Label: label, Detail: detail})
	}
	if dir != "" {
		add(keepKind{name: keepAsAll}, lang.L("As for all folders"), "")
	}
	for i, p := range syncer.KeepPresets() {
		label, detail := keepPresetWords(p)
		add(keepKind{p.Name, p.Rules}, label, detail)
		if i == 0 && dir == "" {
			add(keepKind{name: keepInRoom}, lang.L("As much as fits"), lang.L("Every version, until your backup takes more space than you say. Then older ones go first, and what you used lately stays longer."))
		}
	}
	add(keepKind{name: keepOwn}, lang.L("Own numbers"), lang.L("The newest version in each of so many hours, days, weeks, months and years."))
	k.choice = kit.NewChoice(options...)
	k.choice.OnChanged = func(int) { k.changed() }
	k.fit = kit.NewField(lang.L("Space for your backup"), lang.L("No limit"), lang.L("Such as 500 GB. The last tenth of it is for removed versions."))
	k.fit.OnTyped = func(string) { k.changed() }
	boxes := make([]fyne.CanvasObject, len(k.fields))
	for i, label := range []string{lang.L("Hours"), lang.L("Days"), lang.L("Weeks"), lang.L("Months"), lang.L("Years")} {
		k.fields[i] = kit.NewField(label, "0", "")
		k.fields[i].OnTyped = func(string) { k.changed() }
		boxes[i] = k.fields[i].Root
	}
	k.own = kit.Columns(8, []float32{1, 1, 1, 1, 1}, boxes...)
	k.sum = kit.NewParagraph(lang.L("One moment")).Secondary()
	k.apply = kit.NewButton(kit.Secondary, "", lang.L("Keep it so"), k.write)
	k.apply.Disable()
	k.own.Hide()
	k.fit.Root.Hide()
	k.root = card(title, text, outdent(12, k.choice.Root), k.own, k.fit.Root, kit.Between(k.sum, k.apply))
	k.read()
	return k
}

// read shows how it is.
func (k *keepEditor) read() {
	var got syncer.Keep
	k.s.w.do(func(ctx context.Context) (err error) {
		got, err = k.s.w.engine.Keep(ctx)
		return err
	}, func(err error) {
		if err != nil {
			k.sum.SetText(problemText(problemOf(err)))
			return
		}
		k.was, k.known, k.fitText = got, true, ""
		if got.Fit > 0 {
			k.fitText = size(got.Fit)
		}
		k.fit.SetText(k.fitText)
		rules, _ := k.rules()
		for i, n := range []int{rules.Hourly, rules.Daily, rules.Weekly, rules.Monthly, rules.Yearly} {
			text := ""
			if n > 0 {
				text = strconv.Itoa(n)
			}
			k.fields[i].SetText(text)
		}
		k.choice.Choose(k.kind())
		k.changed()
	})
}

// rules are those that there are now; asAll tells that they are those of all folders.
func (k *keepEditor) rules() (rules syncer.KeepRules, asAll bool) {
	if k.dir == "" {
		return k.was.All, false
	}
	for _, f := range k.was.Folders {
		if f.Path == k.dir {
			return f.Rules, false
		}
	}
	return k.was.All, true
}

// kind is the place of what there is now among the kinds.
func (k *keepEditor) kind() int {
	rules, asAll := k.rules()
	return slices.IndexFunc(k.kinds, func(x keepKind) bool {
		switch x.name {
		case keepAsAll:
			return asAll
		case keepInRoom:
			return rules.Everything() && k.was.Fit > 0
		case keepOwn:
			return true
		default:
			return x.rules == rules && !(rules.Everything() && k.dir == "" && k.was.Fit > 0)
		}
	})
}

// wanted is the change that is chosen, or what is missing for it. What is written wrong is said beside it too.
func (k *keepEditor) wanted() (ch syncer.KeepChange, missing string) {
	ch.Dir = k.dir
	kind := k.kinds[k.choice.Chosen()]
	rules := kind.rules
	switch kind.name {
	case keepAsAll:
		ch.AsAll = true
	case keepOwn:
		var ok bool
		if rules, ok = k.numbers(); !ok {
			missing = lang.L("Type how many, in one of these at least.")
		}
	}
	if !ch.AsAll {
		ch.Rules = &rules
	}
	if k.dir != "" {
		return ch, missing
	}
	ch.SetFit = true
	text := strings.TrimSpace(k.fit.Text())
	switch {
	case kind.name == "everything":
	case text == "" && kind.name != keepInRoom:
		k.fit.SetError("")
	case text == k.fitText && text != "":
		ch.Fit = k.was.Fit // it may be more exact than it is written
		k.fit.SetError("")
	default:
		var isSize bool
		if ch.Fit, isSize = typedSize(text); isSize {
			k.fit.SetError("")
			break
		}
		if text != "" {
			k.fit.SetError(lang.L("Type a size, such as 500 GB."))
		}
		missing = lang.L("Say how much space there is.")
	}
	return ch, missing
}

// numbers are those in the fields; at least one must be more than none.
func (k *keepEditor) numbers() (r syncer.KeepRules, ok bool) {
	ok = true
	for i, to := range []*int{&r.Hourly, &r.Daily, &r.Weekly, &r.Monthly, &r.Yearly} {
		f := k.fields[i]
		f.SetError("")
		text := strings.TrimSpace(f.Text())
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > mostVersions {
			f.SetError(lang.L("Type a number."))
			ok = false
			continue
		}
		*to = n
	}
	return r, ok && !r.Everything()
}

// mostVersions is the largest number that the engine takes.
const mostVersions = 100_000

// changed counts what would go by what is chosen.
func (k *keepEditor) changed() {
	if !k.known {
		return
	}
	kind := k.kinds[k.choice.Chosen()].name
	shown(k.own, kind == keepOwn)
	shown(k.fit.Root, k.dir == "" && kind != "everything")
	k.apply.Disable()
	k.trying.drop()
	defer k.s.refresh()
	ch, missing := k.wanted()
	switch {
	case missing != "":
		k.sum.SetText(missing)
		return
	case k.same(ch):
		k.sum.SetText(lang.L("It is kept so now."))
		return
	}
	k.sum.SetText(lang.L("Counting what would go"))
	ch.Preview = true
	var got *syncer.Pruned
	var removed []syncer.RemovedVersion
	k.trying.ask(func(ctx context.Context) (err error) {
		if got, err = k.s.w.engine.SetKeep(ctx, ch); err == nil {
			removed, err = k.s.w.engine.Removed(ctx)
		}
		return err
	}, func(err error) {
		k.apply.Enable() // also where the storage does not answer: what goes is seen later
		if err != nil {
			k.sum.SetText(translated(problemOf(err).Title) + ". " + lang.L("What would go can't be counted now."))
		} else {
			k.sum.SetText(goesWords(got, len(removed) > 0, k.now()))
		}
		k.s.refresh()
	})
}

func (k *keepEditor) now() time.Time {
	if k.s.now.At.IsZero() {
		return time.Now()
	}
	return k.s.now.At
}

// same tells a change that changes nothing.
func (k *keepEditor) same(ch syncer.KeepChange) bool {
	rules, asAll := k.rules()
	if ch.AsAll || asAll {
		return ch.AsAll && asAll
	}
	return *ch.Rules == rules && (!ch.SetFit || ch.Fit == k.was.Fit)
}

// write changes what is kept, and offers to bring the old rules back.
func (k *keepEditor) write() {
	ch, missing := k.wanted()
	if missing != "" {
		return
	}
	rules, asAll := k.rules()
	back := syncer.KeepChange{Dir: k.dir, AsAll: asAll, Fit: k.was.Fit, SetFit: k.dir == ""}
	if !asAll {
		back.Rules = &rules
	}
	set := func(ch syncer.KeepChange) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := k.s.w.engine.SetKeep(ctx, ch)
			return err
		}
	}
	k.apply.Disable()
	k.s.w.do(set(ch), func(err error) {
		if err != nil {
			k.apply.Enable()
			k.s.w.Tell(err)
			return
		}
		k.read()
		k.s.w.toldDone(lang.L("What is kept has changed. What goes by that leaves the list within a day."), set(back), k.read)
	})
}
