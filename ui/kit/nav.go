package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// NavItem is one place of a Nav.
type NavItem struct {
	Icon, Label string
	Badge       bool // a dot: something waits there
}

// Nav is a column of places of which one is chosen. Up and Down move the focus, Space and Enter choose.
type Nav struct {
	Root  *fyne.Container
	pills []*pill
}

// NewNav makes the column; chosen is told the place that a person went to.
func NewNav(items []NavItem, chosen func(place int)) *Nav {
	n := &Nav{Root: VBox(4)}
	for i, item := range items {
		p := &pill{item: item, nav: n, place: i}
		p.tap = func() { chosen(i) }
		p.ExtendBaseWidget(p)
		n.pills = append(n.pills, p)
		n.Root.Add(p)
	}
	return n
}

// Select shows which place is open.
func (n *Nav) Select(place int) {
	for i, p := range n.pills {
		p.set(i == place, p.item.Badge)
	}
}

// SetBadge shows or hides the dot of a place.
func (n *Nav) SetBadge(place int, badge bool) {
	p := n.pills[place]
	p.set(p.selected, badge)
}

// pill is one place.
type pill struct {
	control
	item     NavItem
	nav      *Nav
	place    int
	selected bool
}

func (p *pill) set(selected, badge bool) {
	if p.selected != selected || p.item.Badge != badge {
		p.selected, p.item.Badge = selected, badge
		p.Refresh()
	}
}

func (p *pill) FocusGained() { p.gainFocus(p) }

func (p *pill) TypedKey(key *fyne.KeyEvent) {
	next := p.place
	switch key.Name {
	case fyne.KeyUp:
		next--
	case fyne.KeyDown:
		next++
	default:
		p.control.TypedKey(key)
		return
	}
	if c := fyne.CurrentApp().Driver().CanvasForObject(p); c != nil && next >= 0 && next < len(p.nav.pills) {
		c.Focus(p.nav.pills[next])
	}
}

// AccessibilityLabel implements [fyne.Accessible].
func (p *pill) AccessibilityLabel() string { return p.item.Label }

// AccessibilityRole implements [fyne.Accessible].
func (p *pill) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

func (p *pill) CreateRenderer() fyne.WidgetRenderer {
	r := &pillRenderer{
		pill: p, ground: &canvas.Rectangle{}, ring: &canvas.Rectangle{}, dot: NewBox(ColourWarn, "", 4),
		icon: NewIcon(p.item.Icon, 18, ColourMuted),
		text: [2]*Text{Muted(p.item.Label).Clipped(), Strong(p.item.Label).Clipped()},
	}
	r.Refresh()
	return r
}

type pillRenderer struct {
	pill         *pill
	ground, ring *canvas.Rectangle
	icon         *Icon
	text         [2]*Text // plain, chosen
	dot          *Box
}

const pillHeight = 38

func (r *pillRenderer) Destroy()           {}
func (r *pillRenderer) MinSize() fyne.Size { return fyne.NewSize(120, pillHeight) }

func (r *pillRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.ring, r.icon, r.text[0], r.text[1], r.dot}
}

func (r *pillRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	r.ring.Resize(size)
	r.icon.Resize(fyne.NewSquareSize(18))
	r.icon.Move(fyne.NewPos(12, (size.Height-18)/2))
	for _, text := range r.text {
		height := text.MinSize().Height
		text.Resize(fyne.NewSize(size.Width-42-24, height))
		text.Move(fyne.NewPos(42, (size.Height-height)/2))
	}
	r.dot.Resize(fyne.NewSquareSize(8))
	r.dot.Move(fyne.NewPos(size.Width-20, (size.Height-8)/2))
}

func (r *pillRenderer) Refresh() {
	p := r.pill
	ground, icon := fyne.ThemeColorName(""), ColourMuted
	if p.selected {
		ground, icon = ColourSelected, ColourAccent
	}
	paint(r.ground, ground, "", 0, radiusControl)
	p.paintFocus(r.ring, radiusControl)
	r.icon.Set(p.item.Icon, icon)
	show(r.text[0], !p.selected)
	show(r.text[1], p.selected)
	show(r.dot, p.item.Badge)
	for _, o := range r.Objects()[2:] {
		o.Refresh()
	}
	canvas.Refresh(p)
}

func show(o fyne.CanvasObject, visible bool) {
	if visible {
		o.Show()
	} else {
		o.Hide()
	}
}
