"""Parts of the lessons that would make their scripts too long: experiments and pictures."""
