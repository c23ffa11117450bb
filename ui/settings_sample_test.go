package ui

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"roost/syncer"
	"roost/syncer/guide"
	"roost/syncer/sheet"
	"roost/ui/lang"
	"roost/vault/keystore"
)

// sampleChooser is what an ordinary person has chosen, for drawing only.
type sampleChooser struct {
	chooser
	settings []syncer.Setting
	err      error // of what is set

	network syncer.Network         // of the storage on this computer
	changes []syncer.NetworkChange // that were asked for
}

func sampleChosen() *sampleChooser {
	c := &sampleChooser{}
	for _, x := range [][2]string{
		{"settle", "5s"},
		{"max-wait", "30s"},
		{"rescan", "6h"},
		{"rescan-unwatched", "15m"},
		{"confirmed-within", "15m"},
		{"limit-up", "1.5MB"},
		{"limit-down", "none"},
		{"quiet-hours", "22:00-07:00"},
		{"data-budget", "50GB"},
		{"on-battery", "gentle"},
		{"on-metered", "wait"},
		{"notifications", "on"},
		{"find-by-words", "off"},
		{"max-file-size", "4GB"},
		{"language", "system"},
		{"theme", "system"},
		{"ignore-caches", "on"},
		{"ignore-trash", "on"},
		{"ignore-node_modules", "on"},
		{"ignore-vm-images", "off"},
	} {
		c.settings = append(c.settings, syncer.Setting{Key: x[0], Value: x[1], Default: "none"})
	}
	return c
}

func (c *sampleChooser) Settings(context.Context) ([]syncer.Setting, error) { return c.settings, nil }
func (c *sampleChooser) SetAll(context.Context, map[string]string) error    { return c.err }
func (*sampleChooser) Rules(context.Context, string) (string, error) {
	return "*.tmp\nDownloads/\n", nil
}
func (*sampleChooser) SetRules(context.Context, string, string, string) error { return nil }

func (*sampleChooser) TryRules(context.Context, string, string) (*syncer.Trial, error) {
	return &syncer.Trial{
		Kept: syncer.Measured{Files: 31_022, Bytes: 96_400_000_000}, Own: syncer.Measured{Files: 1_203, Bytes: 4_000_000_000},
		Presets: map[string]syncer.Measured{"ignore-caches": {Files: 41_772, Bytes: 3_100_000_000}, "ignore-node_modules": {Files: 212_004, Bytes: 1_900_000_000}},
		Faults:  []syncer.RulesFault{{Line: 3, Text: "["}},
	}, nil
}

func (*sampleChooser) Devices(context.Context) ([]syncer.DeviceInfo, error) {
	return []syncer.DeviceInfo{
		{ID: "0a", Name: "Laptop", This: true, State: syncer.DeviceActive, Versions: 48, Newest: morning.Add(-4 * time.Minute)},
		{ID: "0b", Name: "Ana's old computer", State: syncer.DeviceActive, Versions: 1_204, Newest: morning.AddDate(0, 0, -1)},
		{ID: "0c", Name: "Photos\u202Egpj.exe", State: syncer.DeviceRevoked, Versions: 3, Newest: morning.AddDate(0, -2, 0)},
	}, nil
}

func (*sampleChooser) LetIn(context.Context, string) (*syncer.LetIn, error) {
	return &syncer.LetIn{Name: "Tablet", Code: "ROOST1-ANSWER", Words: "apple-river-stone-cloud"}, nil
}

func (*sampleChooser) RenameDevice(context.Context, string, string, string) error { return nil }

func (*sampleChooser) RemoveDevice(context.Context, syncer.RemoveDeviceOptions) (*syncer.RemovedDevice, error) {
	return &syncer.RemovedDevice{Lost: true, Keys: []syncer.KeyChange{{Storage: "Pi in the living room", State: syncer.KeyOpen, Line: "ipfs config"}}}, nil
}

func (c *sampleChooser) Network(_ context.Context, storage string) (*syncer.Network, error) {
	n := c.network
	n.Storage = storage
	if n.Level == "" {
		n.Level = syncer.LevelQuiet
	}
	return &n, nil
}

func (c *sampleChooser) SetNetwork(_ context.Context, ch syncer.NetworkChange) (*syncer.Network, error) {
	c.changes = append(c.changes, ch)
	if c.err != nil {
		return nil, c.err
	}
	c.network = syncer.Network{}
	if !ch.Leave {
		c.network = syncer.Network{Level: syncer.LevelPrivate, Port: 5444, Code: sampleNetworkCode}
	}
	return &c.network, nil
}

const sampleNetworkCode = "ROOST1-AIAHXIQBLAQAAAICAMCAKBQHBAEQUCYMBUHA6EARCIJRIFIWC4MBSGQ3DQOR4HYCQF4FGL3JOA2C6MJZGIXDCNRYFYYS4MRQF52GG4BPGU2DINBPOAZHALZR"

// networkDesk is a window with the page about who can find a storage, on a computer that runs one.
func networkDesk(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
	t.Helper()
	d := settingsDesk(t, language, variant, section{kind: sectionNetwork})
	now := d.w.now
	now.Storages = append([]syncer.StorageStatus{{Name: "storage", Dir: "/home/ana/storage", State: syncer.StateSafe}}, now.Storages...)
	d.w.draw(now)
	d.settle()
	return d
}

func (*sampleChooser) Recovery(context.Context) (syncer.Recovery, error) {
	return syncer.Recovery{
		Fingerprint: "amber canal violin trust", Device: "Laptop", Address: "https://pi.home:5001", Checked: morning.AddDate(0, 0, -12), Due: morning.AddDate(0, 0, 78),
	}, nil
}

// sampleDesktop is a process that shows a window, without one.
type sampleDesktop struct {
	password string   // "" for a key in the keyring
	logIns   *[]LogIn // what comes of asking for the log-in, one after the other; nil: it cannot be asked for
	dir      string   // where files go
}

func (d sampleDesktop) About() About {
	return About{Version: "0.1.0", Commit: "0a1b2c3d4e5f", System: "linux/amd64"}
}
func (d sampleDesktop) Home() string { return "/home/ana/.local/share/roost" }
func (d sampleDesktop) Log() string  { return "/home/ana/.local/share/roost/roost.log" }
func (d sampleDesktop) Locked() bool { return d.password != "" }

func (d sampleDesktop) Unlock(_ context.Context, typed string) error {
	if typed != d.password {
		return fmt.Errorf("open the key: %w", keystore.ErrWrongPassphrase)
	}
	return nil
}

func (d sampleDesktop) AsksLogIn(context.Context) bool { return d.logIns != nil }

func (d sampleDesktop) AskLogIn(context.Context) (LogIn, error) {
	all := *d.logIns
	*d.logIns = all[1:]
	return all[0], nil
}

func (d sampleDesktop) PrintSheet(context.Context, sheet.Sheet) (string, error) {
	return filepath.Join(d.dir, "sheet.pdf"), nil
}

func (d sampleDesktop) SaveSheet(_ context.Context, dir string, s sheet.Sheet) (string, error) {
	return guide.SaveSheet(dir, s)
}

func (d sampleDesktop) SaveReport(_ context.Context, dir string) (string, error) {
	return filepath.Join(dir, "Roost report.zip"), nil
}

func (d sampleDesktop) Document(context.Context, Document) (string, error) { return "", nil }

// sampleLogin is a computer that starts the app at log-in, or not.
type sampleLogin struct {
	on  bool
	err error
}

func (l *sampleLogin) Starts() (bool, error) { return l.on, nil }
func (l *sampleLogin) Start(_ context.Context, on bool) error {
	if l.err == nil {
		l.on = on
	}
	return l.err
}

// settingsDesk is a window over what sampleChosen holds, with one of the pages open.
func settingsDesk(t *testing.T, language string, variant fyne.ThemeVariant, open section) *desk {
	t.Helper()
	d := newDeskIn(t, stillEngine{browser: sampleKept(), chooser: sampleChosen(), now: sampleNow()}, Home, language, variant)
	d.w.desktop, d.w.login = sampleDesktop{}, &sampleLogin{on: true}
	now := sampleNow()
	now.Device, now.WordsDue = "Laptop", true
	now.Folders[1].Mode, now.Folders[2].Low = syncer.Manual, true
	d.w.now = now
	d.w.Show(Settings)
	d.w.screens[Settings].(*settingsScreen).show(open)
	d.settle()
	d.w.draw(now)
	return d
}

// settingsPages are what the Settings screen can look like.
func settingsPages() map[string]func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
	page := func(kind sectionKind) func(*testing.T, string, fyne.ThemeVariant) *desk {
		return func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			return settingsDesk(t, language, variant, section{kind: kind})
		}
	}
	return map[string]func(*testing.T, string, fyne.ThemeVariant) *desk{
		"settings": page(sectionAll), "settings-folders": page(sectionFolders), "settings-left-out": page(sectionLeftOut), "settings-pace": page(sectionPace),
		"settings-computer": page(sectionComputer), "settings-words": page(sectionWords), "settings-lost": page(sectionLost), "settings-advanced": page(sectionAdvanced),
		"settings-network": func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			return networkDesk(t, language, variant)
		},
		"settings-network-code": func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			d := networkDesk(t, language, variant)
			d.tap(lang.L("Make a family network"))
			d.tap(lang.L("Show the network's code"))
			return d
		},
		"settings-network-join": func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			d := networkDesk(t, language, variant)
			d.tap(lang.L("Join with a code…"))
			return d
		},
		"settings-about": page(sectionAbout),
		"settings-folder": func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			return settingsDesk(t, language, variant, section{sectionFolder, "/home/ana/Pictures"})
		},
		"settings-add": page(sectionLetIn),
		"settings-add-compare": func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			d := settingsDesk(t, language, variant, section{kind: sectionLetIn})
			d.field(lang.L("Code of the other computer")).SetText(sampleApplicant().Code)
			d.tap(lang.L("Continue"))
			return d
		},
		"settings-add-answer": func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			d := settingsDesk(t, language, variant, section{kind: sectionLetIn})
			d.field(lang.L("Code of the other computer")).SetText(sampleApplicant().Code)
			d.tap(lang.L("Continue"))
			d.tap(lang.L("They are the same: let it in"))
			return d
		},
		"settings-lost-ask": func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			d := settingsDesk(t, language, variant, section{kind: sectionLost})
			d.tap("Ana's old computer")
			return d
		},
		"settings-lost-keys": func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			d := settingsDesk(t, language, variant, section{kind: sectionLost})
			d.tap("Ana's old computer")
			d.tap(lang.L("Shut it out"))
			return d
		},
		"settings-words-shown": func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			d := settingsDesk(t, language, variant, section{kind: sectionWords})
			d.w.draw(Now{At: morning})
			d.tap(lang.L("Show the words"))
			d.tap(lang.L("Go on"))
			return d
		},
		"settings-log-in": func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			d := settingsDesk(t, language, variant, section{kind: sectionAll})
			d.w.desktop = sampleDesktop{logIns: &[]LogIn{LogInNotAsked}}
			d.w.screens[Settings].(*settingsScreen).show(section{kind: sectionWords})
			d.settle()
			d.tap(lang.L("Show the words"))
			d.tap(lang.L("Go on"))
			return d
		},
		"settings-password": func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			d := settingsDesk(t, language, variant, section{kind: sectionWords})
			d.w.desktop = sampleDesktop{password: "x"}
			d.tap(lang.L("Show the words"))
			return d
		},
		"settings-rules": func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			d := settingsDesk(t, language, variant, section{sectionFolder, "/home/ana/Pictures"})
			d.fill(lang.L("Rules of this folder"), "*.tmp\nDownloads/\n[")
			d.tap(lang.L("Save the rules"))
			return d
		},
		"settings-wrong": func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			d := settingsDesk(t, language, variant, section{kind: sectionPace})
			d.w.engine.(stillEngine).chooser.(*sampleChooser).err = syncer.ErrUsage
			d.fill(lang.L("Sending, at most"), "fast")
			d.press(fyne.KeyReturn)
			return d
		},
		"settings-remove": func(t *testing.T, language string, variant fyne.ThemeVariant) *desk {
			d := settingsDesk(t, language, variant, section{sectionFolder, "/home/ana/Pictures"})
			d.w.screens[Settings].(*settingsScreen).askRemove(sampleNow().Folders[0])
			return d
		},
	}
}

// Whatever is shown fits the smallest window, in every language.
func TestSettingsFitTheSmallestWindowInEveryLanguage(t *testing.T) {
	for _, language := range languages() {
		for name, page := range settingsPages() {
			d := page(t, language, theme.VariantLight)
			fitsTheSmallestWindow(t, language+", "+name, d, func(*desk) {})
			if s := d.w.screens[Settings].(*settingsScreen); s.page.Root.MinSize().Width > MinSize.Width-226 {
				t.Errorf("%s, %s: the page needs %v", language, name, s.page.Root.MinSize())
			}
		}
	}
}

func TestTheKeyboardReachesEverythingOfTheSettings(t *testing.T) {
	for name, page := range settingsPages() {
		d := page(t, "en", theme.VariantLight)
		everythingIsReached(t, name, d.w.over.Canvas())
	}
}
