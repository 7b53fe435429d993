package engine

// Settings are the user's choices that the engine keeps in the profile.
type Settings struct {
	Dir       string `json:"dir"`        // where new torrents are saved; never empty in a snapshot
	AskOnAdd  bool   `json:"ask_on_add"` // show the add dialog
	AddPaused bool   `json:"add_paused"` // the add dialog's last choice
}
