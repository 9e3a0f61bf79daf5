"""What is stored is not believed: judged before every act, frozen when it breaks a rule."""
