package discord

// autoModerated takes an execution of Discord's AutoMod.
func (in *intake) autoModerated([]byte) {}
