package ui

import (
	"time"

	"fyne.io/fyne/v2"

	"roost/ui/kit"
	"roost/ui/lang"
)

// home is the first screen: how everything is, and what is kept where.
type home struct {
	page      *kit.Page
	content   *fyne.Container
	greeting  *kit.Text
	date      *kit.Text
	replacing *replacingCard
	parts     []homePart
	least     fyne.Size // what the content needed when it was laid out last
	state     string
}

// homePart is one card, or a group of them.
type homePart interface {
	draw(Now)
}

func newHome(w *Window) *home {
	status, problems := newStatusCard(w), newProblemList(w)
	reminder, replacing, restore, bring := newReminder(w), newReplacingCard(w), newRestoreLine(w), newBringLine(w)
	folders, activity := newFoldersCard(w), newActivityCard(w)
	storage, growth := newStorageCard(), newGrowthCard()
	h := &home{
		greeting: kit.Title(""), date: kit.Muted(""), replacing: replacing,
		parts: []homePart{status, problems, restore, bring, replacing, reminder, folders, activity, storage, growth},
	}
	left := kit.Stretch(kit.Gap, 0, folders.root, activity.root)
	right := kit.Stretch(kit.Gap, 1, storage.root, growth.root)
	h.content = kit.VBox(18, kit.VBox(2, h.greeting, h.date), kit.VBox(kit.Gap, status.root, problems.root, restore.root, bring.root, replacing.root, reminder.root,
		kit.Columns(kit.Gap, []float32{1.7, 1}, left, right)))
	h.page = kit.NewPage(h.content)
	return h
}

func (h *home) root() fyne.CanvasObject { return h.page.Root }

func (h *home) draw(now Now) {
	at := now.At
	if at.IsZero() {
		at = time.Now()
	}
	h.greeting.SetText(greeting(at))
	h.date.SetText(longDate(at))
	for _, part := range h.parts {
		part.draw(now)
	}
	if least := h.content.MinSize(); least != h.least || h.state != now.State {
		h.least, h.state = least, now.State
		h.page.Refresh()
	}
}

func greeting(at time.Time) string {
	switch hour := at.Hour(); {
	case hour < 5, hour >= 18:
		return lang.L("Good evening")
	case hour < 12:
		return lang.L("Good morning")
	default:
		return lang.L("Good afternoon")
	}
}
