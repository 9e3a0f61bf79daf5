"""What people do on the registers: notices, the address book, absences, the mark of the trail."""
