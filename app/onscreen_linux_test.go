//go:build !headless

package main

import (
	"encoding/binary"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"roost/syncer"
)

// What a person does with a mouse or with a keyboard, and what they see of it, on a screen that is real to the app.

// The codes of keys, as Xvfb has them.
const (
	keyEscape = 9
	keyTab    = 23
	keyReturn = 36
	keySpace  = 65
)

// keyRows are the rows of letters, by the code of the first.
var keyRows = map[byte]string{24: "qwertyuiop", 38: "asdfghjkl", 52: "zxcvbnm"}

// hoverPatience is how long a control may take to show that the mouse is on it.
const hoverPatience = 2 * time.Second

// Kinds of fake input.
const (
	keyPress, keyRelease       = 2, 3
	buttonPress, buttonRelease = 4, 5
	motion                     = 6
)

// fake makes input come as if from the hardware.
func (x *xServer) fake(kind, detail byte, at image.Point) {
	x.t.Helper()
	if x.testing == 0 {
		name := "XTEST"
		x.send(98, 0, []uint32{uint32(len(name))}, []byte(name)...) // QueryExtension
		r, err := x.reply()
		if err != nil || r[8] == 0 {
			x.t.Fatalf("the X server takes no fake input: %v", err)
		}
		x.testing = r[9]
	}
	root := uint32(0)
	if kind == motion {
		root = x.root
	}
	x.send(x.testing, 2, []uint32{uint32(kind) | uint32(detail)<<8, 0, root, 0, 0, uint32(uint16(at.X)) | uint32(uint16(at.Y))<<16, 0, 0})
}

func (x *xServer) key(code byte) {
	x.t.Helper()
	x.fake(keyPress, code, image.Point{})
	x.fake(keyRelease, code, image.Point{})
}

// types types small letters, and ends with the return key.
func (x *xServer) types(word string) {
	x.t.Helper()
	for _, letter := range word {
		for first, row := range keyRows {
			if i := strings.IndexRune(row, letter); i >= 0 {
				x.key(first + byte(i))
			}
		}
	}
	x.key(keyReturn)
}

// origin is where a window stands.
func (x *xServer) origin(window uint32) image.Point {
	x.t.Helper()
	x.send(40, 0, []uint32{window, x.root, 0}) // TranslateCoordinates
	r, err := x.reply()
	if err != nil {
		x.t.Fatal(err)
	}
	return image.Pt(int(int16(binary.LittleEndian.Uint16(r[12:]))), int(int16(binary.LittleEndian.Uint16(r[14:]))))
}

// look is what the window shows now.
func (r *running) look() (uint32, *image.RGBA) {
	r.p.t.Helper()
	window := r.untilWindow(true)
	return window, r.p.screen.picture(window).(*image.RGBA)
}

// shows tells whether a text is on screen now.
func (r *running) shows(text string) bool {
	r.p.t.Helper()
	_, picture := r.look()
	return len(r.p.reader.Find(picture, text)) > 0
}

// sees waits until a text is on screen.
func (r *running) sees(text string) {
	r.p.t.Helper()
	defer r.keepPictureOfFailure()()
	r.until(text+" to be on screen", func() bool { return r.shows(text) })
}

// gone waits until a text is not on screen any more.
func (r *running) gone(text string) {
	r.p.t.Helper()
	defer r.keepPictureOfFailure()()
	r.until(text+" to be gone", func() bool { return !r.shows(text) })
}

// tap clicks on the lowest place where a text stands, with the mouse: questions and ways on are below what leads to them.
func (r *running) tap(text string) {
	r.p.t.Helper()
	defer r.keepPictureOfFailure()()
	var window uint32
	var at image.Point
	var before image.Rectangle
	r.until(text+" to be on screen", func() bool { // twice in the same place: it has come to rest
		var picture *image.RGBA
		window, picture = r.look()
		found := r.p.reader.Find(picture, text)
		if len(found) == 0 {
			return false
		}
		last := found[0]
		for _, f := range found[1:] {
			if f.Min.Y > last.Min.Y {
				last = f
			}
		}
		still := last == before
		before, at = last, last.Min.Add(last.Size().Div(2))
		return still
	})
	at = at.Add(r.p.screen.origin(window))
	// Fyne takes note of where the mouse is once a frame: a click in the same frame would be where it was before. What lies
	// under the mouse shows that it does; what it was on already has nothing to show.
	picture := r.p.screen.picture(window).(*image.RGBA)
	r.p.screen.fake(motion, 0, at)
	for end := time.Now().Add(hoverPatience); time.Now().Before(end) && changedPart(picture, r.p.screen.picture(window).(*image.RGBA)).Empty(); {
		time.Sleep(20 * time.Millisecond)
	}
	r.p.screen.fake(buttonPress, 1, at)
	r.p.screen.fake(buttonRelease, 1, at)
}

// press goes to the control with a text by Tab alone, and presses it with the space bar.
func (r *running) press(text string) { r.pressWith(text, keySpace) }

func (r *running) pressWith(text string, key byte) {
	r.p.t.Helper()
	r.reach(text)
	r.p.screen.key(key)
}

// reach goes to the control with a text, the lowest where there are several, by Tab alone. What has the keyboard is told by the
// ring around it, as a person tells it: a control without one is not found.
func (r *running) reach(text string) {
	r.p.t.Helper()
	defer r.keepPictureOfFailure()()
	var now *image.RGBA
	var place image.Rectangle
	r.until(text+" to be on screen, at rest", func() bool {
		before := now
		_, now = r.look()
		for _, f := range r.p.reader.Find(now, text) {
			if place.Empty() || f.Min.Y > place.Min.Y {
				place = f
			}
		}
		return !place.Empty() && before != nil && len(differences(before, now)) == 0
	})
	for range 60 {
		before := now
		r.p.screen.key(keyTab)
		var changed []image.Rectangle
		r.until("the keyboard to move on", func() bool {
			last := now
			_, now = r.look()
			changed = differences(before, now)
			return len(changed) > 0 && len(differences(last, now)) == 0
		})
		for _, box := range changed {
			if ring := r.p.reader.Ring(); place.In(box) && coloured(now, box, ring) > coloured(before, box, ring) { // not where the keyboard was
				return
			}
		}
	}
	r.p.t.Fatalf("Tab does not lead to %q", text)
}

// coloured counts what has about this colour.
func coloured(picture *image.RGBA, in image.Rectangle, colour color.RGBA) (n int) {
	far := func(a, b uint8) bool { return max(a, b)-min(a, b) > 60 }
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if p := picture.Pix[picture.PixOffset(x, y):]; !far(p[0], colour.R) && !far(p[1], colour.G) && !far(p[2], colour.B) {
				n++
			}
		}
	}
	return n
}

// cursorWidth is that of the line that blinks in a field, with the blur beside it.
const cursorWidth = 4

// differences are the parts in which two pictures are not the same, each in a box of its own. The cursor of a field is none.
func differences(a, b *image.RGBA) (boxes []image.Rectangle) {
	if a.Rect != b.Rect {
		return []image.Rectangle{a.Rect.Union(b.Rect)}
	}
	for y := a.Rect.Min.Y; y < a.Rect.Max.Y; y++ {
		for x := a.Rect.Min.X; x < a.Rect.Max.X; x++ {
			if i := a.PixOffset(x, y); [3]byte(a.Pix[i:]) == [3]byte(b.Pix[i:]) {
				continue
			}
			begin := x
			for x < a.Rect.Max.X && [3]byte(a.Pix[a.PixOffset(x, y):]) != [3]byte(b.Pix[a.PixOffset(x, y):]) {
				x++
			}
			boxes = joined(boxes, image.Rect(begin, y, x, y+1))
		}
	}
	return slices.DeleteFunc(boxes, func(box image.Rectangle) bool { return box.Dx() <= cursorWidth })
}

// joined adds a box to those that it touches, which make one.
func joined(boxes []image.Rectangle, box image.Rectangle) []image.Rectangle {
	for i := 0; i < len(boxes); {
		if boxes[i].Inset(-1).Overlaps(box) {
			box = box.Union(boxes[i])
			boxes = slices.Delete(boxes, i, i+1)
			i = 0
		} else {
			i++
		}
	}
	return append(boxes, box)
}

// changedPart is the part in which two pictures are not the same.
func changedPart(a, b *image.RGBA) (all image.Rectangle) {
	if a.Rect != b.Rect {
		return a.Rect.Union(b.Rect)
	}
	for y := a.Rect.Min.Y; y < a.Rect.Max.Y; y++ {
		for x := a.Rect.Min.X; x < a.Rect.Max.X; x++ {
			i := a.PixOffset(x, y)
			if [3]byte(a.Pix[i:]) != [3]byte(b.Pix[i:]) {
				all = all.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return all
}

// keepPictureOfFailure keeps what was on screen when something was not.
func (r *running) keepPictureOfFailure() func() {
	return func() {
		r.p.t.Helper()
		dir := os.Getenv("ROOST_SCREENSHOTS")
		if !r.p.t.Failed() || dir == "" {
			return
		}
		window := r.p.screen.window("Roost")
		if window == 0 {
			return
		}
		f, err := os.Create(filepath.Join(dir, "failed.png"))
		if err != nil {
			r.p.t.Log(err)
			return
		}
		defer f.Close()
		if err := png.Encode(f, r.p.screen.picture(window)); err != nil {
			r.p.t.Log(err)
		}
	}
}

// says runs a verb and returns what it says.
func (p *person) says(args ...string) string {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), p.binary, args...)
	cmd.Env = p.env
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("roost %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// keeps tells what the newest version on the storage has, asked beside the window.
func (p *person) keeps(folder string, files int) {
	p.t.Helper()
	var got struct {
		Snapshots []struct {
			Path     string `json:"folder"`
			Files    int
			Complete bool
		}
	}
	said := p.says("snapshots", "--json")
	if err := json.Unmarshal([]byte(said), &got); err != nil {
		p.t.Fatalf("%v: %s", err, said)
	}
	if s := got.Snapshots; len(s) != 1 || s[0].Path != folder || s[0].Files != files || !s[0].Complete {
		p.t.Errorf("the storage keeps %s", said)
	}
}

// documents are the files of a person who begins.
func (p *person) documents() (folder string) {
	p.t.Helper()
	folder = filepath.Join(p.home, "Documents")
	if err := os.MkdirAll(filepath.Join(folder, "Letters"), 0o700); err != nil {
		p.t.Fatal(err)
	}
	write(p.t, filepath.Join(folder, "Letters", "ana.txt"), "Dear Ana\n")
	write(p.t, filepath.Join(folder, "list.txt"), "bread\n")
	return folder
}

// withTheMouseAlone begins, lets the backup be made, loses a file and gets it back without touching the keyboard.
func withTheMouseAlone(t *testing.T, p *person) {
	folder := p.documents()
	app := p.open()
	app.tap("Keep my folders safe")
	app.tap("This computer")
	app.tap("Keep it on this computer")
	app.sees("24 words bring everything back")
	app.tap("Later")
	app.sees("Which folders must not be lost?")
	app.tap("Keep these folders")
	app.sees("You can close this window")
	app.untilTraySays("Everything is safe")
	p.keeps(folder, 2)
	app.tap("Open Roost")
	app.sees("Folders")

	p.screen.close(app.untilWindow(true))
	app.untilWindow(false)
	app.click("Open Roost")
	app.untilWindow(true)

	p.roost("folder", "mode", folder, "manual")
	lost := filepath.Join(folder, "Letters", "ana.txt")
	if err := os.Remove(lost); err != nil {
		t.Fatal(err)
	}
	app.tap("Restore")
	app.tap("Go back to a date")
	app.tap("Documents")
	app.tap("Restore…")
	app.sees("To where it was")
	app.tap("Restore")
	app.until("the letter to be back", func() bool {
		b, err := os.ReadFile(lost)
		return err == nil && string(b) == "Dear Ana\n"
	})
	app.sees("1 file restored")
	app.tap("Done")
	app.sees("I lost a file")
	app.click("Quit")
	app.ends(0)
}

// words are those on screen, four in a row.
func (r *running) words() (all []string) {
	r.p.t.Helper()
	r.sees("I have them")
	_, picture := r.look()
	type place struct {
		word string
		at   image.Point
	}
	var places []place
	for _, word := range syncer.WordList() {
		for _, at := range r.p.reader.Find(picture, word) {
			places = append(places, place{word, at.Min})
		}
	}
	slices.SortFunc(places, func(a, b place) int { return a.at.Y - b.at.Y })
	for row := range slices.Chunk(places, 4) {
		slices.SortFunc(row, func(a, b place) int { return a.at.X - b.at.X })
		for _, x := range row {
			all = append(all, x.word)
		}
	}
	if len(all) != 24 {
		r.p.t.Fatalf("%d words are on screen", len(all))
	}
	return all
}

// provesTheWords types the words that are asked for, without going to their fields: the first has the keyboard.
func (r *running) provesTheWords(words []string) {
	r.p.t.Helper()
	r.sees("Type three of the words from your sheet.")
	_, picture := r.look()
	for i, word := range words { // they are asked for in their order
		if len(r.p.reader.Find(picture, "Word "+strconv.Itoa(i+1))) > 0 {
			r.p.screen.types(word)
		}
	}
}

// withTheKeyboardAlone begins, proves to have the words or puts them off, lets the backup be made, loses a file, finds it by its
// name and gets it back, all without the mouse.
func withTheKeyboardAlone(t *testing.T, p *person) {
	folder := p.documents()
	app := p.open()
	app.press("Keep my folders safe")
	app.press("This computer")
	app.press("Keep it on this computer")
	if os.Getenv("ROOST_SOAK") != "" { // 2,048 words are looked for on the screen
		app.press("Show my words")
		words := app.words()
		app.press("I have them")
		app.provesTheWords(words)
	} else {
		app.press("Later")
	}
	app.press("Keep these folders")
	app.untilTraySays("Everything is safe")
	p.keeps(folder, 2)
	app.press("Open Roost")
	app.sees("Everything is safe")

	p.roost("folder", "mode", folder, "manual")
	lost := filepath.Join(folder, "Letters", "ana.txt")
	if err := os.Remove(lost); err != nil {
		t.Fatal(err)
	}
	app.press("Restore")
	app.press("I lost a file")
	app.sees("Search every version")
	app.p.screen.types("ana") // into the field, which has the keyboard by then
	app.pressWith("ana.txt", keyReturn)
	app.press("Restore…")
	app.sees("To where it was")
	app.p.screen.key(keyEscape) // changed their mind; the keyboard is where it was
	app.gone("To where it was")
	app.p.screen.key(keyReturn)
	app.sees("To where it was")
	app.pressWith("Restore", keyReturn)
	app.until("the letter to be back", func() bool {
		b, err := os.ReadFile(lost)
		return err == nil && string(b) == "Dear Ana\n"
	})
	app.sees("1 file restored")
	app.press("Done")
	app.sees("I lost a file")
	app.click("Quit")
	app.ends(0)
}
