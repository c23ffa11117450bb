package ui

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// spaceScreen shows how full each storage is and when it will be, what that is made of, and what is largest.
type spaceScreen struct {
	w        *Window
	page     *kit.Page
	content  *fyne.Container
	none     *fyne.Container
	known    *fyne.Container
	storages *fyne.Container
	cards    []*fullCard
	room     *roomCard
	growth   *trendCard
	cost     *costCard
	folders  *amountsCard
	files    *amountsCard
	least    fyne.Size // what the content needed when it was laid out last

	now    Now
	asked  syncer.Space // the answer after the versions were looked through, until the engine tells as much by itself
	survey question
	looked bool           // since the screen was opened
	failed syncer.Problem // why the versions could not be looked through; zero: they could
}

func newSpace(w *Window) *spaceScreen {
	s := &spaceScreen{
		w: w, survey: question{w: w}, storages: kit.VBox(kit.Gap), room: newRoomCard(w), growth: newTrendCard(), cost: newCostCard(),
		folders: newAmountsCard(lang.L("Folders")), files: newAmountsCard(lang.L("Largest files")),
	}
	s.none = kit.Card(kit.Empty("chart", lang.L("Nothing is saved yet."), lang.L("After the first backup you see here what it takes."), nil))
	s.known = kit.VBox(kit.Gap, s.storages, s.room.root,
		kit.Columns(kit.Gap, []float32{1.15, 1}, s.growth.root, s.cost.root),
		kit.Columns(kit.Gap, []float32{1, 1}, kit.Stretch(kit.Gap, 0, s.folders.root), kit.Stretch(kit.Gap, 0, s.files.root)))
	s.content = kit.VBox(18, kit.Title(lang.L("Space")).Clipped(), s.none, s.known)
	s.page = kit.NewPage(s.content)
	return s
}

func (s *spaceScreen) root() fyne.CanvasObject { return s.page.Root }

// opened is told when the screen is shown: what the versions hold is looked for once.
func (s *spaceScreen) opened() { s.looked = false }

func (s *spaceScreen) draw(now Now) {
	s.now = now
	sp := s.newest()
	s.look(sp)
	shown(s.none, sp.Used == 0)
	shown(s.known, sp.Used > 0)
	for i, x := range sp.Storages {
		if i == len(s.cards) {
			s.cards = append(s.cards, newFullCard(s))
			s.storages.Add(s.cards[i].root)
		}
		shown(s.cards[i].root, true)
		s.cards[i].draw(x, now.At)
	}
	for _, c := range s.cards[min(len(sp.Storages), len(s.cards)):] {
		shown(c.root, false)
	}
	s.room.draw(sp, now.At)
	s.growth.draw(sp, now.At)
	s.cost.draw(sp, s.survey.asking(), s.failed, now.At)
	s.folders.set(folderAmounts(sp))
	s.files.set(fileAmounts(sp))
	if least := s.content.MinSize(); least != s.least {
		s.least = least
		s.page.Refresh()
	}
}

// newest is what is known of the space: what the engine told, or was told since when asked.
func (s *spaceScreen) newest() syncer.Space {
	told := s.now.Space
	if s.asked.Kept == nil || told.Kept != nil && !told.Kept.Time.Before(s.asked.Kept.Time) && told.Removed.Known {
		s.asked = syncer.Space{}
		return told
	}
	return s.asked
}

// look has the versions looked through, once each time that the screen is opened, where something was saved or removed
// since.
func (s *spaceScreen) look(sp syncer.Space) {
	if s.looked || sp.Used == 0 || sp.Stale || sp.Kept != nil && sp.Kept.Current && sp.Removed.Known {
		return
	}
	s.looked = true
	var got *syncer.Space
	s.survey.ask(func(ctx context.Context) error {
		err := s.w.engine.Survey(ctx, nil)
		if err == nil {
			got, err = s.w.engine.Space(ctx)
		}
		return err
	}, func(err error) {
		s.failed = syncer.Problem{}
		if err != nil {
			s.failed = problemOf(err)
		} else {
			s.asked = *got
		}
		s.draw(s.now)
	})
}

// roomCard says what removed versions will free, and leads to making room.
type roomCard struct {
	root *fyne.Container
	text *kit.Paragraph
}

func newRoomCard(w *Window) *roomCard {
	c := &roomCard{text: kit.NewParagraph("").Secondary()}
	c.root = kit.Card(kit.VBox(12, kit.Heading(lang.L("Older versions")).Clipped(), c.text, kit.HBox(
		8,
		kit.NewButton(kit.Primary, "trash", lang.L("Free up space now"), w.askRoom),
		kit.NewButton(kit.Secondary, "calendar", lang.L("What is kept"), func() { w.onSettings(section{kind: sectionKept}) }),
		kit.NewButton(kit.Secondary, "restore", lang.L("Removed versions"), func() { w.onSettings(section{kind: sectionRemoved}) }),
	)))
	return c
}

func (c *roomCard) draw(sp syncer.Space, now time.Time) {
	said := []string{lang.L("You choose how long older versions stay. Those that leave the list can be brought back for 30 days.")}
	if r := sp.Removed; r.Versions > 0 {
		said = []string{lang.N("{{.Number}} removed versions can be brought back, the last of them until {{.Date}}.", r.Versions,
			values{"Number": number(int64(r.Versions)), "Date": longAhead(r.Until, now)})}
		if r.Known {
			said = append(said, lang.L("About {{.Size}} come free by then.", values{"Size": size(r.Bytes)}))
		}
	}
	c.text.SetText(strings.Join(said, " "))
}

// trendCard shows how the backup grew, and where that leads.
type trendCard struct {
	root  *fyne.Container
	trend *kit.Trend
	from  *kit.Text
	to    *kit.Text
	text  *kit.Paragraph
}

func newTrendCard() *trendCard {
	g := &trendCard{trend: kit.NewTrend(), from: kit.Small(""), to: kit.Small(""), text: kit.NewParagraph("").Secondary()}
	g.root = kit.Card(kit.Stretch(10, 1, kit.Heading(lang.L("Growth")).Clipped(), g.trend, kit.Between(g.from, g.to), g.text))
	return g
}

const oneDay = 24 * time.Hour

func (g *trendCard) draw(sp syncer.Space, now time.Time) {
	many := len(sp.Growth) > 1
	shown(g.trend, many)
	shown(g.from, many)
	shown(g.to, many)
	if !many {
		g.text.SetText(lang.L("After two days, a line shows here how your backup grows."))
		return
	}
	x := func(t time.Time) float64 { return float64(t.Sub(sp.Growth[0].Time)) / float64(oneDay) }
	d := kit.TrendData{Spoken: lang.L("Your backup takes {{.Size}}.", values{"Size": size(sp.Used)})}
	for _, p := range sp.Growth {
		d.Past = append(d.Past, kit.TrendPoint{X: x(p.Time), Y: float64(p.Bytes)})
		if p.Rough {
			d.Rough++
		}
	}
	g.to.SetText(lang.L("Today"))
	if f, most := fullest(sp); f != nil {
		d.Most, d.Full, d.Early, d.Late = float64(most), x(f.Full), x(f.Earliest), x(f.Latest)
		d.Spoken += " " + fullWords(f, now)
		g.to.SetText(date(f.Latest))
	}
	text := ""
	if d.Rough > 0 {
		text = lang.L("The fainter part of the line is worked out from the times of your versions.")
	}
	g.from.SetText(date(sp.Growth[0].Time))
	g.trend.Set(d)
	g.text.SetText(text)
	shown(g.text, text != "")
}

// fullest is what is known of when the first storage will be full, and how much of the backup that is.
func fullest(sp syncer.Space) (*syncer.Forecast, int64) {
	if len(sp.Storages) == 0 || sp.Storages[0].Full == nil {
		return nil, 0
	}
	x := sp.Storages[0]
	most := x.Quota
	if x.Disk > 0 && (most == 0 || x.Disk < most) {
		most = x.Disk
	}
	return x.Full, most - max(x.RepoSize-sp.Used, 0)
}

// fullWords says when a storage will be full.
func fullWords(f *syncer.Forecast, now time.Time) string {
	days := int(math.Round(f.Full.Sub(now).Hours() / 24))
	about := ""
	switch {
	case days < 14:
		about = lang.N("Full in about {{.Count}} days.", max(days, 1), values{"Count": max(days, 1)})
	case days < 12*7:
		about = lang.N("Full in about {{.Count}} weeks.", (days+3)/7, values{"Count": (days + 3) / 7})
	case days < 2*365:
		about = lang.N("Full in about {{.Count}} months.", (days+15)/30, values{"Count": (days + 15) / 30})
	default:
		about = lang.N("Full in about {{.Count}} years.", (days+182)/365, values{"Count": (days + 182) / 365})
	}
	if f.Latest.Sub(f.Earliest) < oneDay {
		return about
	}
	return about + " " + lang.L("Most likely between {{.From}} and {{.To}}.", values{"From": dateAhead(f.Earliest, now), "To": dateAhead(f.Latest, now)})
}

// dateAhead names the year where it is another one.
func dateAhead(t, now time.Time) string {
	if t.Year() == now.Year() {
		return date(t)
	}
	return lang.X("date.month", "{{.Month}} {{.Year}}", values{"Month": month(t), "Year": t.Year()})
}

// costCard says what the backup is made of.
type costCard struct {
	root  *fyne.Container
	lines *amounts
	note  *kit.Paragraph
}

func newCostCard() *costCard {
	c := &costCard{lines: newAmounts(), note: kit.NewParagraph("").Secondary().Small()}
	c.root = kit.Card(kit.Stretch(10, 1, kit.Heading(lang.L("What it is made of")).Clipped(), c.lines.root, c.note))
	return c
}

func (c *costCard) draw(sp syncer.Space, asking bool, failed syncer.Problem, now time.Time) {
	list := []amount{{lang.L("Your backup"), size(sp.Used)}}
	note := ""
	switch k := sp.Kept; {
	case asking:
		note = lang.L("Your versions are being looked through.")
	case failed.Title != "":
		note = translated(failed.Title)
	case k == nil:
		note = lang.L("Your versions were not looked through yet.")
	case !k.Current:
		note = lang.L("As of {{.When}}.", values{"When": day(k.Time.In(now.Location()), now)})
	case k.Incomplete:
		note = lang.L("Something could not be read, and is not counted.")
	}
	if k := sp.Kept; k != nil {
		list = append(
			list,
			amount{lang.L("Newest versions"), size(k.Newest)},
			amount{lang.L("What only older versions need"), size(k.Older)},
			amount{lang.L("Versions in all"), number(int64(k.Versions))},
			amount{lang.L("Saved because it is there already"), size(k.Dedup)},
			amount{lang.L("Saved by compression"), size(k.Compression)},
			amount{lang.L("Could be freed"), size(sp.Reclaimable)},
		)
	}
	c.lines.set(list)
	c.note.SetText(note)
	shown(c.note, note != "")
}

// amount is a name with a number.
type amount struct{ name, value string }

// amounts are lines of them.
type amounts struct {
	root  *fyne.Container
	lines []*amountLine
}

type amountLine struct {
	root        *fyne.Container
	name, value *kit.Text
}

func newAmounts() *amounts { return &amounts{root: kit.VBox(8)} }

func (a *amounts) set(list []amount) {
	for i, x := range list {
		if i == len(a.lines) {
			l := &amountLine{name: kit.Muted("").Clipped(), value: kit.Strong("")}
			l.root = kit.Between(l.name, l.value)
			a.lines = append(a.lines, l)
			a.root.Add(l.root)
		}
		shown(a.lines[i].root, true)
		a.lines[i].name.SetText(x.name)
		a.lines[i].value.SetText(x.value)
	}
	for _, l := range a.lines[min(len(list), len(a.lines)):] {
		shown(l.root, false)
	}
}

// amountsCard is a card of lines; it hides while there are none.
type amountsCard struct {
	root  *fyne.Container
	lines *amounts
}

func newAmountsCard(title string) *amountsCard {
	c := &amountsCard{lines: newAmounts()}
	c.root = kit.Card(kit.Stretch(12, 1, kit.Heading(title).Clipped(), c.lines.root))
	return c
}

func (c *amountsCard) set(list []amount) {
	shown(c.root, len(list) > 0)
	c.lines.set(list)
}

// mostAmounts is how many folders, and how many files, are listed.
const mostAmounts = 8

func folderAmounts(sp syncer.Space) (out []amount) {
	for i, f := range sp.Folders {
		if i == mostAmounts {
			break
		}
		name := kit.Shown(f.Path)
		if len(sp.Devices) > 1 {
			name = facts(name, kit.Shown(f.Device))
		}
		out = append(out, amount{name, size(f.Bytes)})
	}
	return out
}

func fileAmounts(sp syncer.Space) (out []amount) {
	if sp.Kept == nil {
		return nil
	}
	for i, f := range sp.Kept.Files {
		if i == mostAmounts {
			break
		}
		out = append(out, amount{facts(kit.Shown(filepath.Base(f.Path)), kit.Shown(filepath.Dir(f.Path))), size(f.Bytes)})
	}
	return out
}
