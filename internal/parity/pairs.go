package parity

// Pairs are texts to check a model with: short, since plain Go is slow, and in several scripts.
var Pairs = []struct{ Query, Passage string }{
	{"how tall is K2", "K2 rises 8,611 metres above the sea, second only to Mount Everest."},
	{"how tall is K2", "Sourdough bread needs flour, water, salt and time."},
	{"qui a peint la Joconde ?", "Léonard de Vinci a peint la Joconde au début du XVIe siècle."},
	{"水的沸点是多少", "在海平面上,水在一百摄氏度时沸腾。"},
	{"когда замерзает вода", "Вода замерзает при нуле градусов Цельсия."},
	{"", "A passage without a query, with <pad>, [SEP] and </s> written in it."},
}
