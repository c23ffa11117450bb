//go:build !headless

package main

import (
	"context"
	"log"
	"os"
	"runtime"
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	_ "roost/app/early"
	"roost/assets"
	"roost/syncer"
)

// hasWindow says whether this Roost can open one.
const hasWindow = true

// openWindow keeps the folders and shows how they are, until the window is closed. When another one shows that already, it
// is brought to the front instead.
func openWindow(ctx context.Context, c *call) (answer, error) {
	if !hasScreen(runtime.GOOS, c.env) {
		return nil, usage(nil, "There is no screen here to open the window on. Every verb works without one.")
	}
	log.SetOutput(os.Stderr) // silent until here, see early
	c.unattended = true
	if shown, err := c.showRunning(ctx); shown || err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	icon := fyne.NewStaticResource("icon.png", assets.IconPNG)
	app.SetMetadata(fyne.AppMetadata{
		ID: "io.github.roost.Roost", Name: "Roost", Version: versionNumber, Icon: icon,
		Migrations: map[string]bool{"fyneDo": true}, // every crossing to the window goes through fyne.Do
	})
	a := app.New()
	a.SetIcon(icon)
	w := a.NewWindow("Roost")
	v := newStatusView()
	w.SetContent(v.root)
	w.Resize(fyne.NewSize(640, 480))

	var watching sync.WaitGroup
	watching.Go(func() {
		c.attend(ctx, attendant{
			show:   func() { fyne.Do(func() { w.Show(); w.RequestFocus() }) },
			draw:   func(p statusPage) { fyne.Do(func() { v.draw(p) }) },
			notify: func(n syncer.Notice) { a.SendNotification(fyne.NewNotification(n.Title, noticeText(n))) },
		})
	})
	closing := context.AfterFunc(ctx, func() { fyne.Do(a.Quit) })
	w.ShowAndRun()
	interrupted := !closing()
	cancel()
	watching.Wait()
	if interrupted {
		return nil, context.Canceled
	}
	return nil, nil
}

// hasScreen tells whether a window can be opened: Fyne ends the process where it cannot.
func hasScreen(system string, env func(string) string) bool {
	switch system {
	case "windows", "darwin":
		return true
	}
	return env("DISPLAY") != "" || env("WAYLAND_DISPLAY") != ""
}

// statusView draws a statusPage. It holds no truth of its own.
type statusView struct {
	root     fyne.CanvasObject
	title    *widget.Label
	folders  *fyne.Container
	problems *fyne.Container
}

func newStatusView() *statusView {
	v := &statusView{
		title:   widget.NewLabelWithStyle("", fyne.TextAlignLeading, fyne.TextStyle{Bold: true}),
		folders: container.NewVBox(), problems: container.NewVBox(),
	}
	v.title.Wrapping = fyne.TextWrapWord
	v.root = container.NewPadded(container.NewBorder(v.title, nil, nil, nil,
		container.NewVScroll(container.NewVBox(v.folders, v.problems))))
	return v
}

func (v *statusView) draw(p statusPage) {
	v.title.SetText(p.title)
	fill(v.folders, p.folders)
	fill(v.problems, p.problems)
}

func fill(box *fyne.Container, texts []string) {
	box.RemoveAll()
	for _, text := range texts {
		label := widget.NewLabel(text)
		label.Wrapping = fyne.TextWrapWord
		box.Add(label)
	}
	box.Refresh()
}
