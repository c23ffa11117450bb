package ui

import (
	"context"
	"os"
	"path/filepath"

	"roost/syncer"
	"roost/ui/kit"
	"roost/ui/lang"
)

// step is what a person can do about a problem in the window: it goes somewhere, or asks for something.
type step struct {
	icon, label string
	open        func()                      // on the UI goroutine; nil: do is set
	do          func(context.Context) error // away from it
}

// stepButton takes a step.
func (w *Window) stepButton(s step) *kit.Button {
	var b *kit.Button
	b = kit.NewButton(kit.Secondary, s.icon, s.label, func() {
		if s.open != nil {
			s.open()
			return
		}
		w.start(b, s.do)
	})
	return b
}

// take takes a step that has no button of its own any more.
func (w *Window) take(s step) {
	if s.open != nil {
		s.open()
		return
	}
	w.start(w.stepButton(s), s.do)
}

// worthAgain tells whether what was asked for may go well the next time.
func worthAgain(p syncer.Problem) bool {
	switch p.Code {
	case "stopped", "busy", "key_locked", "key_denied", "catalog", "permission", "no_room", "export_write":
		return true
	}
	return p.Retry
}

// stepsOf are the next steps of a problem, the one that mends it first. There is one for every problem of the engine's table;
// those that keep the engine from starting have theirs in [Cover] and [AskPassword].
func (w *Window) stepsOf(p syncer.Problem) (steps []step) {
	add := func(s step) { steps = append(steps, s) }
	place := func(to Place, icon, label string) {
		if w.has(to) {
			add(step{icon: icon, label: label, open: func() { w.Show(to) }})
		}
	}
	backUp := func(label string) {
		var dirs []string
		if p.Path != "" {
			dirs = []string{p.Path}
		}
		add(step{icon: "refresh", label: label, do: func(ctx context.Context) error {
			_, err := w.engine.Backup(ctx, dirs, nil)
			return err
		}})
	}
	check := func() {
		add(step{icon: "refresh", label: lang.L("Check connection"), open: func() { w.onStorages(func(s *storagesScreen) { s.check(p.Storage) }) }})
	}
	another := func() {
		add(step{icon: "plus", label: lang.L("Add storage"), open: func() { w.onStorages((*storagesScreen).add) }})
	}
	room := func() {
		if w.has(Space) {
			add(step{icon: "trash", label: lang.L("Free up space"), open: func() { w.Show(Space); w.askRoom() }})
		}
	}
	chooseFolder := func() {
		add(step{icon: "folder", label: lang.L("Choose a folder"), open: func() {
			w.chooseFolder(func(dir string) { w.addFolders([]string{dir}) })
		}})
	}
	switch p.Code {
	case "unreachable", "storage_slow", "storage_changed", "no_backup", "no_note", "not_reached":
		check()
	case "group_away", "still_needed", "members_behind", "no_notices":
		check()
	case "few_members":
		add(step{icon: "settings", label: lang.L("Change the setting"), open: func() {
			w.onStorages(func(s *storagesScreen) {
				if panel := s.panelOf(w.storageName(p.Storage)); panel != nil {
					panel.askMembers()
				}
			})
		}})
	case "refused", "certificate", "not_a_storage", "insecure", "group_refused", "other_member":
		if w.hasAddress(p.Storage) {
			add(step{icon: "link", label: lang.L("Change address or key"), open: func() {
				w.onStorages(func(s *storagesScreen) { s.readdress(w.storageName(p.Storage)) })
			}})
		}
		check()
	case "storage_full", "cleans":
		room()
		another()
	case "few_storages":
		another()
		add(step{icon: "settings", label: lang.L("Change the setting"), open: func() { w.onStorages((*storagesScreen).askCopies) }})
	case "space_short", "space_low", "space_limit", "space_hold":
		room()
		place(Space, "chart", lang.L("See what takes space"))
		another()
	case "same_storage", "code_cut", "code_mistyped", "code_picture", "code_picture_kind", "no_code", "code_locked", "code_password", "network_code":
		another()
	case "no_network", "no_network_key", "port_taken", "not_run_here", "note_lost":
		add(step{icon: "settings", label: lang.L("Who can find your storage"), open: func() { w.onSettings(section{kind: sectionNetwork}) }})
	case "exposed", "clock_differs", "announces", "still_announces", "not_nearby", "no_local_network":
		check()
	case "no_kubo", "newer", "code_newer", "repo_newer":
		add(step{icon: "folder", label: lang.L("Show where Roost is"), do: func(context.Context) error { return openProgram() }})
	case "missing", "damaged", "wrong_key", "wrong_bytes", "not_found", "not_kept", "rolled_back":
		add(step{icon: "shield-check", label: lang.L("Check and save again"), do: w.mend})
	case "retired", "cloned", "storages_disagree", "key_missing", "key_damaged", "settings_damaged": // as mendedAnew has them
		add(step{icon: "key", label: lang.L("Set up again with my words"), open: w.startAgain})
	case "stopped", "busy", "catalog", "key_locked", "key_denied", "internal":
		backUp(lang.L("Try again"))
	case "restoring":
		place(Restore, "restore", lang.L("See how far it is"))
	case "bringing":
		add(step{icon: "archive", label: lang.L("See how far it is"), open: func() { w.onStorages((*storagesScreen).showBring) }})
	case "copy_behind", "copy_set_back", "watch_overflow", "not_watchable":
		backUp(lang.L("Back up now"))
	case "quiet_hours", "metered", "on_battery":
		backUp(lang.L("Back up now"))
		add(step{icon: "settings", label: lang.L("Change the setting"), open: func() { w.onSettings(section{kind: sectionPace}) }})
	case "drill":
		add(step{icon: "shield-check", label: lang.L("Check and save again"), do: w.mend})
	case "rules_changed":
		add(step{icon: "settings", label: lang.L("Folders"), open: func() { w.onSettings(section{kind: sectionFolders}) }})
	case "shut_out", "old_key", "no_device", "code_old", "code_used", "other_code", "other_answer", "was_let_in":
		add(step{icon: "device", label: lang.L("Devices of this backup"), open: func() { w.onSettings(section{kind: sectionLost}) }})
	case "data_budget":
		backUp(lang.L("Back up now"))
		add(step{icon: "storage", label: lang.L("Raise the limit"), open: func() { w.onStorages((*storagesScreen).raiseBudget) }})
	case "sudden_change", "folder_empty":
		place(Restore, "restore", lang.L("Get the files back"))
		add(step{icon: "check", label: lang.L("It was me"), do: func(ctx context.Context) error { return w.engine.Accept(ctx, p.Path) }})
	case "folder_missing":
		backUp(lang.L("Look again"))
		add(step{icon: "close", label: lang.L("Stop keeping it"), open: func() { w.askStopKeeping(p.Path) }})
	case "some_files", "too_large":
		add(step{icon: "clock", label: lang.L("See which, and why"), open: func() { w.onActivity((*activityScreen).showNotSaved) }})
	case "watch_limit":
		add(step{icon: "info", label: lang.L("How to change that"), open: func() { w.showProblem(p) }})
	case "words", "words_checksum", "words_other", "no_words":
		add(step{icon: "key", label: lang.L("Check the words"), open: func() { w.askForWords(kit.NewButton(kit.Quiet, "", "", nil), func() {}) }})
	case "nested", "own_storage", "not_added", "not_a_folder":
		chooseFolder()
	case "unknown_version", "ambiguous_version", "not_in_version", "version_gone":
		place(Files, "folder", lang.L("Look at the versions"))
	case "not_export", "export_other", "export_unfinished", "export_damaged", "other_state":
		place(Storages, "storage", lang.L("Open storage"))
	case "no_room", "disk_full", "read_only", "home", "permission", "export_write":
		add(step{icon: "folder", label: lang.L("Open your own folder"), do: func(context.Context) error { return openOwn() }})
	case "in_the_way", "exists", "bad_name", "not_a_file", "no_hard_link":
		place(Restore, "restore", lang.L("Choose another place"))
	case "in_the_open":
		place(Files, "folder", lang.L("Look at the versions"))
	case "no_files", "no_such_size":
		place(Storages, "storage", lang.L("Open storage"))
	case "keeps_nothing":
		place(Settings, "settings", lang.L("Change the setting"))
		place(Storages, "storage", lang.L("Open storage"))
	case "usage", "already_set_up", "clock", "words_needed":
		add(step{icon: "info", label: lang.L("See what is in the way"), open: func() { w.showProblem(p) }})
	}
	return steps
}

// onStorages does something on the Storage screen.
func (w *Window) onStorages(do func(*storagesScreen)) {
	if s, ok := w.screens[Storages].(*storagesScreen); ok {
		w.Show(Storages)
		do(s)
	}
}

// onActivity does something on the Activity screen.
func (w *Window) onActivity(do func(*activityScreen)) {
	if a, ok := w.screens[ActivityLog].(*activityScreen); ok {
		w.Show(ActivityLog)
		do(a)
	}
}

// onSettings opens a page of the settings.
func (w *Window) onSettings(page section) {
	if s, ok := w.screens[Settings].(*settingsScreen); ok {
		w.Show(Settings)
		s.show(page)
	}
}

// storageName is the storage that a problem is about: the first, where it names none.
func (w *Window) storageName(name string) string {
	if name == "" {
		return w.now.Node
	}
	return name
}

// hasAddress tells whether a storage runs by itself, somewhere.
func (w *Window) hasAddress(name string) bool {
	for _, s := range w.now.Storages {
		if s.Name == w.storageName(name) {
			return s.Dir == ""
		}
	}
	return false
}

// mend looks at everything that is stored, and sends again what this computer still has of what is not whole.
func (w *Window) mend(ctx context.Context) error {
	if _, err := w.engine.Verify(ctx, 0, nil); err != nil {
		return err
	}
	_, err := w.engine.Backup(ctx, nil, nil)
	return err
}

// askStopKeeping says what remains of a folder that is not kept any longer.
func (w *Window) askStopKeeping(dir string) {
	var d *kit.Dialog
	var stop *kit.Button
	stop = kit.NewButton(kit.Danger, "", lang.L("Stop keeping it"), func() {
		d.Close()
		w.start(stop, func(ctx context.Context) error { return w.engine.RemoveFolder(ctx, dir) })
	})
	d = kit.NewDialog(lang.L("Stop keeping {{.Name}}?", values{"Name": baseName(dir)}),
		kit.NewParagraph(lang.L("Its changes are not saved any more. The versions that are on your storage stay there.")).Secondary(),
		kit.NewButton(kit.Secondary, "", lang.L("Cancel"), func() { d.Close() }), stop)
	w.dialog(d)
}

// openProgram shows the folder that Roost was installed to.
func openProgram() error {
	at, err := os.Executable()
	if err != nil {
		return err
	}
	return openPath(filepath.Dir(at))
}

// openOwn shows the person's own folder.
func openOwn() error {
	home, err := os.UserHomeDir()
	if err != nil {
		return err
	}
	return openPath(home)
}
