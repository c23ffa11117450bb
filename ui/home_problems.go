package ui

import (
	"reflect"
	"slices"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// problemList shows what is wrong now, each with its next step: the first few, or all of them.
type problemList struct {
	root  *fyne.Container
	w     *Window
	drawn []syncer.Problem // so that a button keeps the focus while nothing changes
	all   bool
}

// fewProblems is how many are shown before somebody asks for all.
const fewProblems = 3

func newProblemList(w *Window) *problemList {
	l := &problemList{w: w, root: kit.VBox(10)}
	l.root.Hide()
	return l
}

func (l *problemList) draw(now Now) {
	if reflect.DeepEqual(l.drawn, now.Problems) {
		return
	}
	l.drawn = slices.Clone(now.Problems)
	l.build()
}

func (l *problemList) build() {
	l.root.RemoveAll()
	problems := slices.Clone(l.drawn)
	slices.SortStableFunc(problems, func(a, b syncer.Problem) int { return urgency(a) - urgency(b) })
	for i, p := range problems {
		if i == fewProblems && !l.all && len(problems) > fewProblems+1 {
			more := len(problems) - i
			l.root.Add(kit.HBox(0, kit.NewButton(kit.Quiet, "",
				lang.N("Show {{.Count}} more", more, values{"Count": more}), func() { l.all = true; l.build() })))
			break
		}
		l.root.Add(kit.NewNotice(problemTone(p), translated(p.Title), l.w.problemText(p), l.w.problemButtons(p)...).Root)
	}
	shown(l.root, len(problems) > 0)
	l.root.Refresh()
}

func urgency(p syncer.Problem) int {
	switch p.Severity {
	case severityNeedsYou:
		return 0
	case severityInfo:
		return 2
	default:
		return 1
	}
}
