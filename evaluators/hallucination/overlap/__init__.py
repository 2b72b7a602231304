"""How far answers share words with their references: ROUGE, BLEU and METEOR, by the packages that papers use."""
