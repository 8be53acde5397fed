"""What others answer about records is kept and counted: checks, outcomes, what became of mails."""
