package syncer

import (
	"cmp"
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"roost/syncer/disk"
	"roost/vault"
	"roost/vault/archive"
	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/keystore"
	"roost/vault/node"
	"roost/vault/node/code"
	"roost/vault/node/nearby"
	"roost/vault/node/private"
	"roost/vault/plain"
	"roost/watcher"
)

// Problem is one thing that is wrong now, in a person's words: what happened, whether the files are safe, one next step.
// The window, the command line and the retry loop read the same table.
type Problem struct {
	Code     string
	Severity string // "info", "warning", "needs_you"
	Title    string
	Text     string
	Action   string // in the window's words
	Terminal string // the next step where there is no window; "": Action says it
	Path     string // the file or folder it is about, if any
	Storage  string // the name of the storage it is about, if any
	Exit     int    // exit code of a verb that ends with it
	Retry    bool   // trying again later may help by itself

	Detailed bool   // the error's own words matter, whatever Exit is
	Detail   string // the error's own words, which the window shows when it is asked; "" where Text says it all
	Plain    bool   // the error has no words of its own

	Delay time.Duration // how long it must last before a person is told unasked
	Hides []string      // codes of what is only its consequence
	Since time.Time     // when it began; zero: not known
	Until time.Time     // when it ends by itself; zero: not known
}

// Exit codes.
const (
	ExitSome    = 1
	ExitUsage   = 2
	ExitStorage = 3
	ExitKeys    = 4
	ExitDamage  = 5
	ExitBusy    = 6
	ExitHome    = 7
	ExitStopped = 130
)

const (
	info     = "info"
	warning  = "warning"
	needsYou = "needs_you"
)

type row struct {
	err error
	Problem
}

// problems is searched from the top; the first row that an error matches describes it.
var problems = []row{
	{context.Canceled, Problem{
		Code: "stopped", Severity: info, Exit: ExitStopped, Title: "Stopped",
		Text: "It was stopped before it was done. What the storage has confirmed is kept, and the next run goes on from there.", Action: "Run it again",
	}},

	{format.ErrWordsChecksum, Problem{
		Code: "words_checksum", Severity: needsYou, Exit: ExitKeys, Title: "These words do not belong together",
		Text: "All 24 are known words, but together they are no key: one may be wrong, or two may have changed places. Nothing was changed.", Action: "Compare them with your sheet",
	}},
	{ErrWrongWords, Problem{
		Code: "words_other", Severity: needsYou, Exit: ExitKeys, Title: "These words belong to another backup",
		Text: "They are valid, but they are not the words of this backup. Nothing was changed.", Action: "Look for the right sheet",
	}},
	{vault.ErrNoVault, Problem{
		Code: "no_backup", Severity: needsYou, Exit: ExitKeys, Title: "No backup of yours is on this storage",
		Text: "The storage answered, and it holds nothing that these words open. Nothing was created there.", Action: "Check that this is the right storage, and every word",
	}},
	{vault.ErrNoBeacon, Problem{
		Code: "no_note", Severity: needsYou, Exit: ExitKeys, Title: "These words lead to no storage",
		Text:   "No computer of yours left a note for them in the last two days, or the device that was asked finds nobody. Nothing was changed.",
		Action: "Say where your storage is", Terminal: "Say where your storage is: roost setup --recover --node URL, without --find-by-words",
	}},
	{ErrNotReached, Problem{
		Code: "not_reached", Severity: needsYou, Exit: ExitStorage, Title: "Your storage was found, and gives this computer nothing",
		Text: "Your words led to it. Nothing was changed.", Action: "Give its address and its key",
		Terminal: "Give its address and its key: roost setup --recover --node URL --token-file F", Detailed: true,
	}},
	{vault.ErrBeaconLost, noteLost},
	{node.ErrNoDirectory, noteLost},
	{vault.ErrNoWords, Problem{
		Code: "no_words", Severity: info, Exit: ExitKeys, Title: "The recovery words are not on this computer",
		Text: "They are not kept here. Your files are safe, and the words are on your sheet.", Action: "Use your recovery sheet",
	}},
	{vault.ErrRetired, Problem{
		Code: "retired", Severity: needsYou, Exit: ExitKeys, Title: "This computer was removed from the backup",
		Text: "Another of your devices shut this one out. What was saved before is safe.", Action: "Set it up again with your words, if that was a mistake",
	}},
	{vault.ErrShutOut, Problem{
		Code: "shut_out", Severity: info, Exit: ExitSome, Title: "A removed computer saved something later",
		Text: "It is not used, and nothing of yours depends on it.", Action: "See that this computer cannot reach your storage any more",
	}},
	{ErrOldKey, Problem{
		Code: "old_key", Severity: needsYou, Exit: ExitStorage, Title: "A removed computer can still reach your storage",
		Text: "Whoever has that computer could delete what is saved there.", Action: "Change the storage's key", Terminal: "Change the storage's key: roost device revoke shows how",
		Detailed: true,
	}},
	{ErrDrill, Problem{
		Code: "drill", Severity: needsYou, Exit: ExitDamage, Title: "Not every file of a test restore came back",
		Text: "Random files were brought back to try it.", Action: "Look at everything, and back up once more", Detailed: true,
		Terminal: "Run roost verify, then roost backup",
	}},
	{vault.ErrCloned, Problem{
		Code: "cloned", Severity: needsYou, Exit: ExitKeys, Title: "Two computers save under one name",
		Text: "A copy of one computer's Roost saves to the same backup. Nothing is lost by it, but each is taken for the other.", Action: "Set one of the two up again with your words",
	}},
	{keystore.ErrNotFound, Problem{
		Code: "key_missing", Severity: needsYou, Exit: ExitKeys, Title: "This computer's key is missing",
		Text: "Your saved files are safe, but this computer cannot open them without its key.", Action: "Set Roost up again with your words",
	}},
	{keystore.ErrLocked, Problem{
		Code: "key_locked", Severity: needsYou, Exit: ExitKeys, Title: "The key of this computer is locked",
		Text: "It has to be unlocked before Roost can work. Saved files are safe.", Action: "Unlock this computer's passwords, or log in again",
		Terminal: "Unlock the keyring and try again",
	}},
	{keystore.ErrNoService, Problem{
		Code: "no_keyring", Severity: needsYou, Exit: ExitKeys, Title: "This computer has no safe place for the key",
		Text: "The system keeps no passwords here. Saved files are safe.", Action: "Protect the key with a password instead",
		Terminal: "Set ROOST_KEYSTORE=file to keep it under a passphrase instead of in a keyring",
	}},
	{keystore.ErrDenied, Problem{
		Code: "key_denied", Severity: needsYou, Exit: ExitKeys, Title: "Roost may not use its key",
		Text: "This computer refused access to the key. Saved files are safe.", Action: "Allow Roost to use it and try again",
	}},
	{keystore.ErrWrongPassphrase, Problem{
		Code: "wrong_passphrase", Severity: needsYou, Exit: ExitKeys, Title: "This is not the right password",
		Text: "It does not open this computer's key. Nothing was changed.", Action: "Try again",
	}},
	{keystore.ErrDiffer, Problem{
		Code: "passphrases_differ", Severity: needsYou, Exit: ExitKeys, Title: "The two passwords are not the same",
		Text: "Nothing was changed.", Action: "Type the new password again, twice",
	}},
	{keystore.ErrNoPassphrase, Problem{
		Code: "no_passphrase", Severity: needsYou, Exit: ExitKeys, Title: "The password is needed",
		Text: "It protects this computer's key, and none was given.", Action: "Type the password",
		Terminal: "Set ROOST_PASSPHRASE_FILE to a file that holds it, or run this on a terminal",
	}},
	{keystore.ErrDamaged, Problem{
		Code: "key_damaged", Severity: needsYou, Exit: ExitKeys, Title: "This computer's key is damaged",
		Text: "Your saved files are safe, but the key file here was changed or cut.", Action: "Set Roost up again with your words",
	}},
	{keystore.ErrNewer, newer},

	{ErrNoSetup, Problem{
		Code: "not_set_up", Severity: needsYou, Exit: ExitKeys, Title: "Roost is not set up here yet",
		Text: "There is no backup in Roost's own folder.", Action: "Set it up, or get your files back with your words",
		Terminal: "Run roost setup --new, or roost setup --recover with your words",
	}},
	{ErrAlreadySetUp, Problem{
		Code: "already_set_up", Severity: info, Exit: ExitUsage, Title: "Roost is set up here already",
		Text: "Roost's own folder belongs to a backup. It was not touched.", Action: "Use it as it is",
		Terminal: "Use it, or choose another home with --home",
	}},
	{ErrBusy, Problem{
		Code: "busy", Severity: info, Exit: ExitBusy, Retry: true, Title: "Another Roost is busy",
		Text: "Another Roost uses the same folder of its own at the moment.", Action: "Wait until it is done, and try again",
	}},
	{ErrRestoring, Problem{
		Code: "restoring", Severity: info, Exit: ExitBusy, Title: "A restore goes on already",
		Text: "One is done at a time.", Action: "Wait until it is done, or pause it",
	}},
	{ErrBringing, Problem{
		Code: "bringing", Severity: info, Exit: ExitBusy, Title: "Something is being brought in already",
		Text: "One is done at a time.", Action: "Wait until it is done, or pause it",
	}},
	{ErrSettings, Problem{
		Code: "settings_damaged", Severity: needsYou, Exit: ExitHome, Title: "The settings file is damaged",
		Text: "Roost cannot read its settings. Saved files are safe.", Action: "Set Roost up again with your words", Terminal: "Set Roost up again in another home with your words",
	}},
	{ErrUnknownVersion, usage("unknown_version", "There is no such version", "Look at the list of versions")},
	{ErrAmbiguous, usage("ambiguous_version", "More than one version is meant", "Give more of its name")},
	{ErrNotInVersion, usage("not_in_version", "It is not in this version", "Look at what the version holds, or search for it")},
	{ErrNested, usage("nested", "Folders cannot lie inside each other", "Keep the outer one; it includes the inner")},
	{ErrOwnStorage, usage("own_storage", "The storage cannot be kept inside itself", "Choose a folder beside it")},
	{ErrNotAdded, usage("not_added", "Roost does not keep this folder", "Add it first")},
	{ErrNotAFolder, usage("not_a_folder", "This is not a folder that can be kept", "Choose a folder that is there and can be read")},
	{ErrRulesChanged, usage("rules_changed", "The rules were changed by another program", "Look at them again")},
	{ErrGone, Problem{
		Code: "version_gone", Severity: warning, Exit: ExitDamage, Title: "This version was removed while it was used",
		Text: "Another device let it go. What came back until then is whole.", Action: "Choose another version",
	}},
	{ErrClock, Problem{
		Code: "clock", Severity: needsYou, Exit: ExitHome, Title: "This computer's clock cannot be right",
		Text: "Nothing is removed while the time is in doubt. Saved files are safe.", Action: "Set the clock and try again",
	}},
	{ErrWordsNeeded, Problem{
		Code: "words_needed", Severity: needsYou, Exit: ExitKeys, Title: "Your recovery words are needed for this",
		Text: "It removes most of the versions that there are. Nothing was changed.", Action: "Give your 24 words as well",
	}},
	{ErrUsage, onTerminal(usage("usage", "It is not possible like this", "Read what is in the way, and choose something else"), "See roost --help")},

	{archive.ErrNotArchive, usage("not_export", "This is no backup that Roost wrote", "Choose the folder or the file of an export")},
	{archive.ErrOther, usage("export_other", "Something else is there already", "Choose an empty folder, or another name")},
	{archive.ErrUnfinished, Problem{
		Code: "export_unfinished", Severity: needsYou, Exit: ExitDamage, Title: "This copy of a backup was not written to its end",
		Text: "Nothing was changed.", Action: "Write it once more to the same place: it goes on where it stopped",
	}},
	{archive.ErrDamaged, Problem{
		Code: "export_damaged", Severity: needsYou, Exit: ExitDamage, Title: "The copy of the backup on this disk is damaged",
		Text: "It was not used. What is on your storages is not touched by that.", Action: "Write it once more, or use another copy", Detailed: true,
	}},
	{archive.ErrWrite, Problem{
		Code: "export_write", Severity: needsYou, Exit: ExitHome, Title: "The copy of the backup cannot be written there",
		Text: "What was written is used the next time. Saved files are safe.", Action: "Free up space or choose another disk, and run it again",
	}},
	{vault.ErrOtherState, Problem{
		Code: "other_state", Severity: needsYou, Exit: ExitDamage, Title: "This storage holds another state of the same backup",
		Text: "Nothing was replaced there.", Action: "Choose an empty storage", Detailed: true,
	}},
	{ErrNoRoom, Problem{
		Code: "no_room", Severity: needsYou, Exit: ExitHome, Title: "There is not enough space on this disk",
		Text: "Nothing was written. Saved files are safe.", Action: "Free up space, or choose another place",
	}},
	{code.ErrTruncated, badCode("code_cut", "The connection code is not complete", "Its end is missing.", "Copy all of it, from ROOST to its last letter")},
	{code.ErrMistyped, badCode("code_mistyped", "The connection code has a mistake in it", "A letter was changed, lost or added.", "Copy it again rather than typing it")},
	{code.ErrNewer, badCode("code_newer", "A newer Roost made this connection code", "This one cannot read it.", "Install the newest Roost on this computer")},
	{code.ErrNoPicture, badCode("code_picture", "No code can be read in this picture", "It may be blurred, cut or something else.", "Take it again from nearer, or paste the text")},
	{code.ErrPictureKind, badCode("code_picture_kind", "This kind of picture cannot be read", "PNG, JPEG and GIF can; HEIC, as iPhones take it, cannot.", "Save it as JPEG, take a screenshot of it, or paste the text")},
	{code.ErrNotCode, badCode("no_code", "This is not a connection code", "One begins with ROOST and a digit.", "Look for the line that the storage's set-up printed")},
	{code.ErrNetworkCode, badCode("network_code", "This is the code of a family network", "It lets a storage into the network, and leads to no storage.", "Look for the line that the storage's set-up printed")},
	{code.ErrNoNetwork, onTerminal(usage("no_network", "That storage is in no family network", "Make the network there first"), "Run there: sudo roost-node network make, and use the code that it prints")},
	{private.ErrNotKey, badCode("no_network_key", "This is not the key of a family network", "It has three lines, the last of 64 digits and letters.", "Copy the whole file, or use a code")},
	{node.ErrPortTaken, onTerminal(usage("port_taken", "Another program uses the network's port", "End that program, or choose another port"), "End that program, or choose another port with --port")},
	{ErrNotRunHere, onTerminal(usage("not_run_here", "This storage is run by another machine", "Make or join the family network there"), "On that machine, run: sudo roost-node network")},
	{code.ErrOtherKind, badCode("other_code", "This code is for something else", "It is a whole code of Roost, and not the one that is asked for here.", "Look at what the other screen says")},
	{vault.ErrAskingOver, Problem{
		Code: "code_old", Severity: needsYou, Exit: ExitKeys, Title: "This code is too old",
		Text: "A code is good for ten minutes, by the clocks of both computers. Nobody was let in.", Action: "Show a new one on the computer that asks",
	}},
	{vault.ErrLetIn, Problem{
		Code: "code_used", Severity: needsYou, Exit: ExitKeys, Title: "This code was used already",
		Text: "The computer that showed it belongs to your backup. If that was not you, shut it out.", Action: "Look at the devices of this backup",
	}},
	{vault.ErrOtherAnswer, Problem{
		Code: "other_answer", Severity: needsYou, Exit: ExitKeys, Title: "This is the answer to another code",
		Text: "The answer opens only on the computer whose code was given, and only for that code.", Action: "Give the code that is shown now to the other computer",
	}},
	{vault.ErrIntroduced, Problem{
		Code: "was_let_in", Severity: needsYou, Exit: ExitKeys, Title: "This computer can't let others in",
		Text: "Another one let it in. Only computers that were set up with the recovery words can do that.", Action: "Use one of those, or the recovery words",
	}},
	{code.ErrLocked, Problem{
		Code: "code_locked", Severity: needsYou, Exit: ExitKeys, Title: "The connection code is locked with a password",
		Text: "Who made it chose one. Nothing was changed.", Action: "Type its password",
		Terminal: "Type its password, or name a file that holds it in ROOST_CODE_PASSPHRASE_FILE",
	}},
	{code.ErrWrongPassphrase, Problem{
		Code: "code_password", Severity: needsYou, Exit: ExitKeys, Title: "This is not the password of the connection code",
		Text: "Nothing was changed.", Action: "Ask who made the code",
	}},
	{node.ErrNoBinary, Problem{
		Code: "no_kubo", Severity: needsYou, Exit: ExitStorage, Title: "A part of Roost is missing",
		Text: "The program that keeps your storage on this computer was not found.", Action: "Install Roost again",
		Terminal: "Install Roost again, or set ROOST_IPFS to where ipfs is",
	}},
	{node.ErrClusterKey, Problem{
		Code: "group_refused", Severity: needsYou, Exit: ExitStorage, Title: "The group of your storage didn't accept this computer's password",
		Text: "New changes are waiting; saved files are safe.", Action: "Check the group's password",
	}},
	{node.ErrOtherMember, Problem{
		Code: "other_member", Severity: needsYou, Exit: ExitStorage, Title: "The group's address leads to another storage than this one",
		Text: "A storage and the group that it belongs to are reached on the same machine. Nothing was changed.", Action: "Check both addresses",
	}},
	{node.ErrClusterAway, unreachable("group_away", "The group of your storage doesn't answer")},
	{node.ErrStillNeeded, Problem{
		Code: "still_needed", Severity: info, Exit: ExitStorage, Retry: true, Title: "Another storage of the group still needs it",
		Text: "It is let go when that one has everything newer.", Action: "Nothing has to be done",
	}},
	{node.ErrNoNews, Problem{
		Code: "no_notices", Severity: info, Exit: ExitStorage, Title: "Your storage passes no notices on between your computers",
		Text: "What one of them saved is seen by the others within a minute.", Action: "Nothing has to be done",
	}},
	{ErrFewMembers, Problem{
		Code: "few_members", Severity: needsYou, Exit: ExitStorage, Title: "You want more copies than the group has storages", Detailed: true,
		Text: "What is saved is safe where it is.", Action: "Add a storage to the group, or be content with fewer copies",
	}},
	{ErrMembersBehind, Problem{
		Code: "members_behind", Severity: warning, Exit: ExitStorage, Retry: true, Title: "Not enough storages of the group hold your newest versions", Detailed: true, Delay: time.Hour,
		Text: "The others hold them. It catches up by itself when the one that is missing is back.", Action: "See which one is missing",
		Terminal: "See which one is missing: roost node list",
	}},
	{node.ErrUnauthorized, Problem{
		Code: "refused", Severity: needsYou, Exit: ExitStorage, Title: "Your storage didn't accept this computer's key",
		Text: "New changes are waiting; saved files are safe.", Action: "Check the storage's key",
	}},
	{node.ErrExposed, Problem{
		Code: "exposed", Severity: needsYou, Exit: ExitStorage, Title: "Your storage is open to everybody who finds its address",
		Text: "Nobody can read your files, but anybody could delete them there.", Action: "Set it up with Roost's kit, or behind something that asks for a key",
	}},
	{node.ErrCleans, Problem{
		Code: "cleans", Severity: warning, Exit: ExitStorage, Title: "Your storage holds more than its own limit",
		Text: "It may clean up again and again, which makes it slow. Saved files are safe.", Action: "Free up space, or give it more space", Detailed: true,
	}},
	{node.ErrAnnounces, Problem{
		Code: "announces", Severity: warning, Exit: ExitStorage, Title: "Your storage tells a public network what it has",
		Text:     "Nobody can read your files, but everybody can see how much there is, and where. Saved files are safe.",
		Action:   "Let Roost turn that off, or turn it off on the storage's own computer",
		Terminal: "Run roost node check --fix, or on its computer: " + node.SilenceLine + ", and start it again", Detailed: true,
	}},
	{node.ErrStillAnnounces, Problem{
		Code: "still_announces", Severity: warning, Exit: ExitStorage, Title: "Your storage has to be started again",
		Text:   "It was told not to tell a public network any more what it has, and stops with its next start. Saved files are safe.",
		Action: "Start it again on its computer", Terminal: "Start it again on its computer, such as with: sudo systemctl restart ipfs",
	}},
	{node.ErrRepoNewer, Problem{
		Code: "repo_newer", Severity: needsYou, Exit: ExitStorage, Title: "A newer program wrote the storage on this computer",
		Text: "This one does not touch it. Saved files are safe.", Action: "Install the newest Roost on this computer",
	}},
	{node.ErrClock, Problem{
		Code: "clock_differs", Severity: needsYou, Exit: ExitStorage, Title: "Your storage and this computer do not agree what time it is",
		Text: "Saved files are safe, but their times may mislead.", Action: "Set the clock of the one that is wrong",
	}},
	{node.ErrNoSpace, Problem{
		Code: "storage_full", Severity: needsYou, Exit: ExitStorage, Title: "Your storage is full",
		Text: "New changes are waiting; saved files are safe.", Action: "Free up space, or add storage",
	}},
	{ErrFewStorages, Problem{
		Code: "few_storages", Severity: needsYou, Exit: ExitStorage, Title: "You want more copies than you have storages",
		Text: "What is saved is safe where it is.", Action: "Add storage, or be content with fewer copies",
		Terminal: "Add one with roost node add, or be content with fewer: roost set copies all",
	}},
	{vault.ErrLimit, spaceLimit},
	{node.ErrInsecure, onTerminal(usage("insecure", "The connection would not be encrypted", "Use an address that begins with https"), "Use https, or allow plain http with --allow-http")},
	{node.ErrCertificate, Problem{
		Code: "certificate", Severity: needsYou, Exit: ExitStorage, Title: "Your storage shows another identity than before",
		Text: "Roost did not talk to it. New changes are waiting; saved files are safe.", Action: "Check whether the storage was set up again",
	}},
	{ErrNotNearby, Problem{
		Code: "not_nearby", Severity: warning, Exit: ExitStorage, Retry: true, Title: "Your storage was not found in this network",
		Text: "It may be switched off, or somewhere else. New changes are waiting; saved files are safe.", Action: "See that it is switched on, and in the same network as this computer",
	}},
	{nearby.ErrNoNetwork, Problem{
		Code: "no_local_network", Severity: warning, Exit: ExitStorage, Retry: true, Title: "There is no network here that can be searched",
		Text: "This computer is connected to none, or to one that does not let computers find each other. Nothing was changed.", Action: "Connect this computer to your home network",
	}},
	{node.ErrTimeout, unreachable("storage_slow", "Your storage took too long to answer")},
	{node.ErrUnreachable, unreachable("unreachable", "Your storage can't be reached")},
	{node.ErrProtocol, Problem{
		Code: "not_a_storage", Severity: needsYou, Exit: ExitStorage, Title: "What answered is not a storage that Roost knows",
		Text: "Something else runs at this address. New changes are waiting; saved files are safe.", Action: "Check the address",
	}},

	{format.ErrNewer, newer},
	{vault.ErrRolledBack, damage("rolled_back", "Your storage was set back to an older state", "Newer versions that it held are not there any more.")},
	{vault.ErrMissing, damage("missing", "A part of what was saved is missing", "The storage lost something that it had confirmed.")},
	{format.ErrWrongKey, damage("wrong_key", "Something stored does not open with your key", "It was changed, or it belongs to somebody else.")},
	{format.ErrDamaged, damage("damaged", "A part of what was saved is damaged", "It does not pass its checks, and was not used.")},
	{node.ErrWrongBytes, damage("wrong_bytes", "Your storage returned something else than it was given", "It does not pass its checks, and was not used.")},
	{node.ErrNotFound, damage("not_found", "A part of what was saved is not on the storage", "The storage lost something that it had confirmed.")},
	{node.ErrNotPinned, damage("not_kept", "Your storage does not keep what it said it keeps", "What was saved may be cleaned away there.")},
	{node.ErrPinned, unreachable("storage_changed", "Your storage is being used by another program")},
	{node.ErrExists, unreachable("storage_changed", "Your storage is being used by another program")},
	{vault.ErrRedo, unreachable("storage_changed", "Your storage changed while it was used")},
	{format.ErrTooLarge, Problem{
		Code: "too_large", Severity: needsYou, Exit: ExitSome, Title: "Something is too large to be saved",
		Text: "Everything else is saved.", Action: "See the details",
	}},

	{vault.ErrNoDevice, onTerminal(usage("no_device", "There is no such computer in this backup", "See which there are"), "See which there are: roost device list")},
	{ErrOpen, usage("in_the_open", "Others could read these files", "Say that this is what you want")},
	{plain.ErrNotFiles, usage("no_files", "There are no files behind this address", "Choose something else")},
	{plain.ErrTooMuch, usage("no_such_size", "This file cannot be what it says", "Choose something else")},
	{vault.ErrKeepsNothing, usage("keeps_nothing", "These rules would keep no version at all", "Keep at least one version")},
	{vault.ErrSameStorage, usage("same_storage", "This is the storage that is used already", "Choose another storage")},
	{catalog.ErrClosed, Problem{
		Code: "stopped", Severity: info, Exit: ExitStopped, Title: "Stopped",
		Text: "It was stopped before it was done. What the storage has confirmed is kept.", Action: "Run it again",
	}},

	{catalog.ErrNewer, newer},
	{catalog.ErrBusy, Problem{
		Code: "busy", Severity: info, Exit: ExitBusy, Retry: true, Title: "Another Roost is busy",
		Text: "Another Roost uses the same folder of its own at the moment.", Action: "Wait until it is done, and try again",
	}},
	{catalog.ErrDiskFull, homeFull},
	{disk.ErrNoSpace, homeFull},
	{catalog.ErrReadOnly, homeReadOnly},
	{disk.ErrReadOnly, homeReadOnly},
	{catalog.ErrDamaged, Problem{
		Code: "catalog", Severity: warning, Exit: ExitHome, Retry: true, Title: "Roost's notes on this computer are damaged",
		Text: "They are made again from the storage. Saved files are safe.", Action: "Run it again",
	}},
	{ErrHome, Problem{
		Code: "home", Severity: needsYou, Exit: ExitHome, Title: "Roost's own folder cannot be used",
		Text: "Roost could not write to its own folder. Saved files are safe.", Action: "Check its permissions and free space",
	}},
	{watcher.ErrLimit, Problem{
		Code: "watch_limit", Severity: warning, Exit: ExitSome, Retry: true, Title: "Too many folders to watch instantly",
		Text: "They are checked every 15 minutes instead. Saved files are safe.", Action: "Let this computer watch more folders",
		Delay: 10 * time.Minute, Detailed: true,
	}},
	{watcher.ErrUnsupported, Problem{
		Code: "not_watchable", Severity: info, Exit: ExitSome, Retry: true, Title: "Changes in this folder cannot be seen at once",
		Text: "The place where it lies does not tell of them, so it is checked every 15 minutes instead. Saved files are safe.", Action: "Nothing has to be done",
	}},
	{watcher.ErrOverflow, Problem{
		Code: "watch_overflow", Severity: info, Exit: ExitSome, Retry: true, Title: "Very much has changed at once",
		Text: "The whole folder is being checked. Saved files are safe.", Action: "Nothing has to be done",
	}},
	{watcher.ErrGone, folderMissing},
	{disk.ErrConflict, usage("in_the_way", "Something else is in the way", "Move it, or choose another place")},
	{disk.ErrExists, usage("exists", "A file of this name is there already", "Choose what to do with it")},
	{disk.ErrBadName, usage("bad_name", "This name is not possible here", "Choose another name")},
	{disk.ErrNotRegular, usage("not_a_file", "It is not a file", "Choose a file")},
	{disk.ErrNotDir, usage("not_a_folder", "It is not a folder", "Choose a folder")},
	{disk.ErrNoHardLink, usage("no_hard_link", "This disk cannot give one file two names", "Choose another disk")},
}

var (
	newer = Problem{
		Code: "newer", Severity: needsYou, Exit: ExitDamage, Title: "This was written by a newer Roost",
		Text: "This version does not understand it and left it alone. Saved files are safe.", Action: "Update Roost",
	}
	noteLost = Problem{
		Code: "note_lost", Severity: info, Exit: ExitStorage, Retry: true, Title: "Your storage keeps no note for your recovery words",
		Text: "It knows nobody who would keep it. Your files are safe.", Action: "Turn the setting off, or choose a storage that others reach",
	}
	homeFull = Problem{
		Code: "disk_full", Severity: needsYou, Exit: ExitHome, Title: "This computer's disk is full",
		Text: "Roost needs a little space for its notes. Saved files are safe.", Action: "Free up some space",
	}
	homeReadOnly = Problem{
		Code: "read_only", Severity: needsYou, Exit: ExitHome, Title: "Roost's own folder cannot be written",
		Text: "Its disk is read-only, or its permissions forbid it. Saved files are safe.", Action: "Choose another folder for Roost, or mend the permissions",
	}
)

func usage(name, title, action string) Problem {
	return Problem{Code: name, Severity: info, Exit: ExitUsage, Title: title, Text: "Nothing was changed.", Action: action}
}

// badCode is a connection code that cannot be used.
func badCode(name, title, text, action string) Problem {
	p := usage(name, title, action)
	p.Text = text + " Nothing was changed."
	return p
}

func onTerminal(p Problem, terminal string) Problem {
	p.Terminal = terminal
	return p
}

func unreachable(code, title string) Problem {
	return Problem{
		Code: code, Severity: warning, Exit: ExitStorage, Retry: true, Title: title, Delay: time.Hour, Hides: []string{"copy_behind"},
		Text: "It may be switched off. New changes are waiting; saved files are safe.", Action: "Check the connection",
	}
}

func damage(code, title, text string) Problem {
	return Problem{
		Code: code, Severity: needsYou, Exit: ExitDamage, Title: title,
		Text: text + " The next backup sends what this computer still has again.", Action: "Look at everything, and back up once more",
		Terminal: "Run roost verify, then roost backup",
	}
}

// Problems lists every problem that there can be, each code once, for who must have an answer to each.
func Problems() (all []Problem) {
	add := func(p Problem) {
		if !slices.ContainsFunc(all, func(q Problem) bool { return q.Code == p.Code }) {
			all = append(all, p)
		}
	}
	for _, r := range problems {
		add(r.Problem)
	}
	for _, p := range []Problem{folderMissing, folderEmpty, suddenChange, someFiles, behindProblem, setBackProblem, disagreeProblem} {
		add(p)
	}
	for _, code := range []string{holdQuiet, holdMetered, holdBattery, holdBudget} {
		add(Problem{Code: code, Severity: info})
	}
	add(Describe(&format.WordError{}))
	add(Describe(os.ErrPermission))
	add(Describe(errors.New("a bug")))
	return all
}

// InFull is the text with the error's own words.
func (p Problem) InFull() string { return strings.TrimSpace(p.Detail + " " + p.Text) }

// OnTerminal is the next step for who has no window.
func (p Problem) OnTerminal() string { return cmp.Or(p.Terminal, p.Action) }

// Describe says what an error means. The error's own words, if they say more, are its Detail. An error that no row
// knows is a bug of ours and says so, with its text.
func Describe(err error) Problem {
	var word *format.WordError
	var count *format.WordCountError
	switch {
	case errors.As(err, &word), errors.As(err, &count):
		return Problem{Code: "words", Severity: needsYou, Exit: ExitKeys, Title: "The words are not right yet", Text: upper(err.Error()) + ".", Action: "Compare them with your sheet"}
	}
	for _, r := range problems {
		if errors.Is(err, r.err) {
			p := r.Problem
			p.Plain = err.Error() == r.err.Error()
			if !p.Plain && (p.Detailed || p.Exit == ExitUsage || p.Exit == ExitHome) {
				p.Detail = upper(detail(err, r.err)) + "."
			}
			return p
		}
	}
	if errors.Is(err, os.ErrPermission) {
		return Problem{Code: "permission", Severity: needsYou, Exit: ExitHome, Title: "This computer does not allow it", Text: "Nothing else was changed.", Detail: upper(err.Error()) + ".", Action: "Check the permissions"}
	}
	return Problem{Code: "internal", Severity: needsYou, Exit: ExitHome, Title: "Something unexpected happened", Text: "Saved files are safe.", Detail: upper(err.Error()) + ".", Action: "Run it again; if it stays, report it"}
}

// detail is the error's text without the sentinel's own words at its front.
func detail(err, sentinel error) string {
	s := strings.TrimPrefix(err.Error(), sentinel.Error()+": ")
	return strings.TrimSuffix(s, ".")
}

// upper begins a sentence; a single word is a name, and stays as it is.
func upper(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' || !strings.Contains(s, " ") {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
