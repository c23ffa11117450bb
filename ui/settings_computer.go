package ui

import (
	"context"

	"fyne.io/fyne/v2"

	"roost/ui/kit"
	"roost/ui/lang"
)

// computerView is how Roost behaves on this computer's desktop.
func (s *settingsScreen) computerView() settingsView {
	languages := []meaning{{value: "system", label: lang.L("As the system")}}
	for _, m := range []meaning{
		{value: "en", label: "English"}, {value: "de", label: "Deutsch"}, {value: "es", label: "Español"}, {value: "fr", label: "Français"}, {value: "ja", label: "日本語"},
	} {
		if legible(m.value) {
			languages = append(languages, m)
		}
	}
	language := s.settingTabs("language", languages...)
	colours := s.settingTabs("theme",
		meaning{value: "system", label: lang.L("As the system")}, meaning{value: "light", label: lang.L("Light")}, meaning{value: "dark", label: lang.L("Dark")})
	notify := s.settingSwitch("notifications", lang.L("Tell me when I am needed"),
		lang.L("A message on the desktop, for what only you can do. Everything else stays in this window."))
	start := kit.VBox(2, outdent(8, notify))
	if s.w.login != nil {
		start.Add(outdent(8, s.loginSwitch()))
	}
	return settingsView{
		title: lang.L("On this computer"),
		body: []fyne.CanvasObject{
			s.nameCard(),
			card(lang.L("Language"), "", outdent(9, language)),
			card(lang.L("Colours"), "", outdent(9, colours)),
			card(lang.L("Desktop"), "", start),
		},
	}
}

// loginSwitch is kept by the computer, not by Roost.
func (s *settingsScreen) loginSwitch() *kit.Switch {
	title, text := lang.L("Start when I log in"), lang.L("Hidden in the tray. Without it, changes are saved only while Roost is open.")
	var sw *kit.Switch
	var is bool
	read := func() {
		s.w.do(func(context.Context) (err error) {
			is, err = s.w.login.Starts()
			return err
		}, func(err error) {
			s.tellOnly(err)
			sw.Set(turned(title, text, is))
		})
	}
	sw = kit.NewSwitch(turned(title, text, false), func(on bool) {
		s.w.do(func(ctx context.Context) error { return s.w.login.Start(ctx, on) }, func(err error) {
			s.tellOnly(err)
			read()
		})
	})
	read()
	return sw
}
