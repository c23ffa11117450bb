package assets

import _ "embed"

// Inter 4.0, under the SIL Open Font License in fonts/OFL.txt: Latin, Greek, Cyrillic and Vietnamese.
// Other scripts come from the system's fonts.
var (
	//go:embed fonts/Inter-Regular.otf
	FontRegular []byte
	//go:embed fonts/Inter-SemiBold.otf
	FontSemiBold []byte
	//go:embed fonts/OFL.txt
	FontLicence string
)
