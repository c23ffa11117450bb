package ui

import (
	"time"

	"roost/syncer/sheet"
	"roost/ui/lang"
)

// sheetTexts are the sentences on the recovery sheet, in the language of the window.
func sheetTexts(at time.Time) sheet.Texts {
	return sheet.Texts{
		Title:       lang.L("Recovery sheet"),
		Why:         lang.L("With these 24 words and your storage, all your files come back on any computer. Without the words nobody can bring them back, not even the people who made Roost."),
		Fingerprint: lang.L("This backup"),
		Storage:     lang.L("Your storage"),
		Device:      lang.L("Computer"),
		Date:        lang.L("Printed"),
		Printed:     fullDate(at),
		How:         lang.L("How to get your files back"),
		Steps: []string{
			lang.L("Install Roost on any computer and open it."),
			lang.L("Choose \"Get my files back, or add this device\"."),
			lang.L("Type the 24 words in their order."),
			lang.L("Tell Roost where your storage is: the address is on this sheet. It may ask for the storage's own key, which is not."),
		},
		Keep: lang.L("Keep this sheet where your computer is not, and show it to nobody: who has it and your storage can read everything. If it is lost, print another one while this computer works."),
	}
}
