package dataset

import "strings"

// Common English words, each a single piece of the built-in vocabulary and of BERT's uncased one.
var (
	functionWords = strings.Fields(`
		the of and to in a is that for it was on are as with they at be this from have or by one had not but what
		all were when we there can an your which their said if do will each about how up out them then many some so
		these would other into has more her two like him see could no than been its who now made over did down only
		way may after where most through back before must because does such here why between should under while
		might below both few those until during against toward around another any same very much also just`)
	contentWords = strings.Fields(`
		words water long little called know get go good new write used man too day right look think came come work
		three word part place well things help put years different away again off old number great tell men say
		small every found still name home big give air line set own read last left end along next sound saw
		something thought always show large often together house world going want school important form food keep
		children feet land side life enough took sometimes four head above kind began almost page got earth need far
		hand high year light parts country following picture being study second soon times story since white days
		ever paper hard near sentence better best across today others however sure means told miles sun whole hear
		example heard several change answer room sea top turned learn point city play five using usually money seen
		car morning given ten early order book state system group research data result results method problem
		question information library service field value rate level surface body flow pressure temperature heat test
		effect control power energy measure process product market company business cost price law court public
		national local history science art language church music film game team health care heart cell disease
		treatment medical patient drug plant tree lake island north south east west mountain bridge town population
		government president war army king university college student teacher program computer network machine
		engine design model theory analysis development growth period century age family`)
)
